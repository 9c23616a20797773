import { z } from 'zod';
import { parseChannelName, parseGameId, parseVersion } from './names.ts';
import { ReleaseError } from './release-error.ts';
import { decodeJson, encodeJson, firstIssue } from './json-document.ts';

export const CHANNEL_RECORD_BYTES_MAX: number = 16 * 1024;
/** Versions that a channel remembers, so that many steps of `channel rollback`. */
export const CHANNEL_HISTORY_MAX = 32;

/** What a channel means; signed as the target `channels/CHANNEL.json`. */
export interface ChannelRecord {
  format: 1;
  game: string;
  channel: string;
  version: string;
  /** Percent of installs that may take this version, 0 to 100; absent means all. */
  rollout?: number;
  /** Versions that the channel named before, newest first. */
  history: string[];
}

const recordSchema = z.object({
  format: z.literal(1),
  game: z.string(),
  channel: z.string(),
  version: z.string(),
  rollout: z.number().min(0).max(100).exactOptional(),
  history: z.array(z.string()).max(CHANNEL_HISTORY_MAX),
});

/** @throws {ReleaseError} `bad_channel_record`, `bad_game_id`, `bad_channel`, `bad_version` */
export function parseChannelRecord(bytes: Uint8Array): ChannelRecord {
  const result = bytes.byteLength > CHANNEL_RECORD_BYTES_MAX ? undefined : recordSchema.safeParse(decodeJson(bytes));
  if (!result?.success) {
    const found = result ? firstIssue(result.error) : `more than ${CHANNEL_RECORD_BYTES_MAX} bytes`;
    throw new ReleaseError('bad_channel_record', `read channel record: found ${found}`);
  }
  checkNames(result.data);
  return result.data;
}

/** The same record gives the same bytes. */
export function encodeChannelRecord(record: ChannelRecord): Uint8Array {
  checkNames(record);
  const { format, game, channel, version, rollout, history } = record;
  return encodeJson({ format, game, channel, version, ...(rollout !== undefined && { rollout }), history });
}

/**
 * The record after a channel moves to `version`.
 *
 * @param rollout Percent of installs that may take it; undefined means all.
 * @throws {ReleaseError} `bad_rollout`
 */
export function moveChannel(
  current: ChannelRecord | undefined,
  next: { game: string; channel: string; version: string; rollout: number | undefined },
): ChannelRecord {
  const { game, channel, version, rollout } = next;
  if (rollout !== undefined && !(rollout >= 0 && rollout <= 100)) {
    throw new ReleaseError(
      'bad_rollout',
      `move channel ${channel}: found rollout ${rollout}, wanted a percentage from 0 to 100`,
    );
  }
  const stays = current === undefined || current.version === version;
  const history = stays
    ? (current?.history ?? [])
    : [current.version, ...current.history].slice(0, CHANNEL_HISTORY_MAX);
  return { format: 1, game, channel, version, ...(rollout !== undefined && { rollout }), history };
}

/**
 * The record after a channel goes back to the version that it named before.
 *
 * @throws {ReleaseError} `no_previous_release`
 */
export function rollBackChannel(current: ChannelRecord): ChannelRecord {
  const [version, ...history] = current.history;
  if (version === undefined) {
    throw new ReleaseError(
      'no_previous_release',
      `roll back channel ${current.channel}: ${current.version} is the first release that it named; move it with channel set`,
    );
  }
  return { format: 1, game: current.game, channel: current.channel, version, history };
}

function checkNames(record: ChannelRecord): void {
  parseGameId(record.game);
  parseChannelName(record.channel);
  parseVersion(record.version);
  for (const version of record.history) parseVersion(version);
}
