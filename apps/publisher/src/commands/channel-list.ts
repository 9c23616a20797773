import { formatTable, type CommandSpec } from '@swarmpatch/terminal';
import {
  checkingKeysOption,
  checkKeys,
  gameOption,
  originOption,
  readGame,
  readOrigin,
  tokenOption,
} from './options.ts';

export const channelList: CommandSpec = {
  path: ['channel', 'list'],
  summary: 'list what each channel names',
  example: 'swarmpatch channel list --game starfall --origin https://origin.example',
  options: [gameOption, originOption, tokenOption, checkingKeysOption],
  async run(input, context) {
    const game = readGame(input);
    const origin = readOrigin(input, context);
    await checkKeys(input, origin);
    const { channels } = await origin.game(game);
    const rows = channels.map(({ name, version, rollout }) => [
      name,
      version,
      rollout === undefined ? 'everyone' : `${rollout} %`,
    ]);
    return {
      document: { game, channels },
      text: rows.length === 0 ? `${game} has no channels yet` : formatTable(rows),
    };
  },
};
