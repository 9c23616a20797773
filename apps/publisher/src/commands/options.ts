import type { CommandSpec } from '@swarmpatch/terminal';
import { parseGameId } from '@swarmpatch/release';
import { Origin } from '../origin/origin.ts';
import { Studio } from '../origin/studio.ts';

type Input = Parameters<CommandSpec['run']>[0];
type Context = Parameters<CommandSpec['run']>[1];
type Option = NonNullable<CommandSpec['options']>[number];

export const gameOption: Option = { name: 'game', value: 'id', kind: 'text', description: 'the game', required: true };
export const originOption: Option = {
  name: 'origin',
  value: 'url',
  kind: 'text',
  description: 'the origin to publish to',
  required: true,
};
export const tokenOption: Option = {
  name: 'token',
  value: 'token',
  kind: 'text',
  description: 'a token of the origin that may publish the game',
};
export const requiredTokenOption: Option = { ...tokenOption, required: true };
export const keysOption: Option = {
  name: 'keys',
  value: 'dir',
  kind: 'text',
  description: 'the directory that keys init made',
  required: true,
};

export function readOrigin(input: Input, context: Context): Origin {
  return new Origin(input.requiredText('origin'), input.text('token'), context.signal);
}

export function readGame(input: Input): string {
  return parseGameId(input.requiredText('game'));
}

/** The game, its origin and its keys, checked against each other. */
export function openStudio(input: Input, context: Context, origin: Origin): Promise<Studio> {
  return Studio.open({ game: readGame(input), keys: input.requiredText('keys'), origin, nowMs: () => context.nowMs() });
}
