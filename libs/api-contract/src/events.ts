import { z } from 'zod';
import { byteCountSchema, channelNameSchema, gameIdSchema, percentSchema, versionSchema } from './fields.ts';
import type { ChannelSummary } from './games.ts';

/** A patch that the signed listing names. */
export interface ListedPatch {
  from: string;
  to: string;
  bytes: number;
}

/** How a game stands when somebody begins to listen. */
export interface GameSnapshot {
  game: string;
  /** By name. */
  channels: ChannelSummary[];
  /** The newest versions, newest first. */
  releases: string[];
  patches: ListedPatch[];
}

/**
 * `GET /api/games/:game/events`, server-sent events. `id` is the version of the game's signed snapshot metadata: it grows with
 * each of them, also from one start of the origin to the next. Nobody has to believe what they say: the signed metadata does.
 */
export type GameEvent = { id: number } & (
  | { event: 'snapshot'; data: GameSnapshot }
  | { event: 'release'; data: { version: string } }
  | { event: 'channel'; data: ChannelSummary }
  | { event: 'channel-removed'; data: { name: string } }
  | { event: 'patch'; data: ListedPatch }
);

const channel = z.object({ name: channelNameSchema, version: versionSchema, rollout: percentSchema.optional() });
const patch = z.object({ from: versionSchema, to: versionSchema, bytes: byteCountSchema });
const snapshot = z.object({
  game: gameIdSchema,
  channels: z.array(channel),
  releases: z.array(versionSchema),
  patches: z.array(patch),
});

export const gameEventSchema: z.ZodType<GameEvent> = z.discriminatedUnion('event', [
  z.object({ id: z.int().min(0), event: z.literal('snapshot'), data: snapshot }),
  z.object({ id: z.int().min(0), event: z.literal('release'), data: z.object({ version: versionSchema }) }),
  z.object({ id: z.int().min(0), event: z.literal('channel'), data: channel }),
  z.object({
    id: z.int().min(0),
    event: z.literal('channel-removed'),
    data: z.object({ name: channelNameSchema }),
  }),
  z.object({ id: z.int().min(0), event: z.literal('patch'), data: patch }),
]);
