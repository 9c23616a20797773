import { gameIdForm } from '@swarmpatch/release';
import type { CommandContext, CommandInput, OptionSpec } from '@swarmpatch/terminal';
import { Origin } from '../origin/origin.ts';
import { Studio } from '../origin/studio.ts';

export const gameOption: OptionSpec = {
  name: 'game',
  value: 'id',
  kind: 'text',
  form: gameIdForm,
  description: 'the game',
  required: true,
};
export const originOption: OptionSpec = {
  name: 'origin',
  value: 'url',
  kind: 'url',
  description: 'the origin to publish to',
  required: true,
};
export const tokenOption: OptionSpec = {
  name: 'token',
  value: 'token',
  kind: 'text',
  description: 'a token of the origin that may publish the game',
};
export const requiredTokenOption: OptionSpec = { ...tokenOption, required: true };
export const keysOption: OptionSpec = {
  name: 'keys',
  value: 'dir',
  kind: 'text',
  description: 'the directory that keys init made',
  required: true,
};

/** For commands that only read: with keys, the game must be the one that they belong to. */
export const checkingKeysOption: OptionSpec = {
  name: 'keys',
  value: 'dir',
  kind: 'text',
  description: 'refuse a game that has other keys than these',
};

export function readOrigin(input: CommandInput, context: CommandContext): Origin {
  return new Origin(input.requiredText('origin'), input.text('token'), context.signal);
}

export function readGame(input: CommandInput): string {
  return input.requiredText('game');
}

/** The game, its origin and its keys, checked against each other. */
export function openStudio(input: CommandInput, origin: Origin): Promise<Studio> {
  return Studio.open({ game: readGame(input), keys: input.requiredText('keys'), origin, nowMs: () => Date.now() });
}

/** @throws {PublishError} `wrong_keys` when keys are given and the game has others. */
export async function checkKeys(input: CommandInput, origin: Origin): Promise<void> {
  if (input.text('keys') !== undefined) await openStudio(input, origin);
}
