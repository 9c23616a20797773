import { gameIdForm } from '@swarmpatch/release';
import type { CommandSpec } from '@swarmpatch/terminal';
import { createGame } from '../origin/create-game.ts';
import { keysOption, originOption, readOrigin, requiredTokenOption } from './options.ts';

export const gameCreate: CommandSpec = {
  path: ['game', 'create'],
  summary: 'register a game and its trust root',
  example: 'swarmpatch game create starfall --title Starfall --origin https://origin.example --token … --keys ./keys',
  arguments: [{ name: 'id', description: 'lower-case letters, digits and hyphens', form: gameIdForm }],
  options: [
    { name: 'title', value: 'text', kind: 'text', description: 'what players call it', required: true },
    originOption,
    requiredTokenOption,
    keysOption,
  ],
  async run(input, context) {
    const game = input.argument('id');
    const { rootFingerprint } = await createGame({
      game,
      title: input.requiredText('title'),
      keys: input.requiredText('keys'),
      origin: readOrigin(input, context),
      nowMs: Date.now(),
    });
    return { document: { game, rootFingerprint }, text: `${game} is registered\nRoot fingerprint ${rootFingerprint}` };
  },
};
