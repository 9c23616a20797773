import { Injectable } from '@nestjs/common';
import type { DefeatedFile } from '@swarmpatch/api-contract';
import type { PatchEntry } from '@swarmpatch/release';
import { Database } from '../database/database.ts';
import type { Patch as PatchRow } from '../generated/sqlite/client.ts';

export type PatchState = 'waiting' | 'running' | 'ready' | 'rejected' | 'failed';

export interface PatchPair {
  game: string;
  from: string;
  to: string;
}

/** What was made of a pair of releases. */
export interface StoredPatch extends Pick<PatchEntry, 'bytes' | 'writtenBytes' | 'oldReadBytes' | 'torrent'> {
  /** Keys of the patch and of its torrent in the store of patches. */
  piecesRoot: string;
  torrentPiecesRoot: string;
}

export interface PatchRecord extends PatchPair {
  state: PatchState;
  /** Place in the order of making and keeping; the smallest first. */
  rank: number;
  /** How often its making was begun. */
  attempts: number;
  /** Why it was rejected or failed. */
  reason?: string;
  /** Of a ready one. */
  stored?: StoredPatch;
  /** Of one that was made: files whose build defeats patching. */
  defeated: DefeatedFile[];
}

export type PatchEnd =
  | { state: 'ready'; stored: StoredPatch; defeated: DefeatedFile[] }
  | { state: 'rejected'; reason: string; defeated: DefeatedFile[] }
  | { state: 'failed'; reason: string }
  | { state: 'waiting' };

@Injectable()
export class PatchRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** By rank. */
  async list(game: string): Promise<PatchRecord[]> {
    const rows = await this.#database.client.patch.findMany({
      where: { gameId: game },
      orderBy: [{ rank: 'asc' }, { fromVersion: 'asc' }],
    });
    return rows.map(recordOf);
  }

  async find(pair: PatchPair): Promise<PatchRecord | undefined> {
    const row = await this.#database.client.patch.findUnique({ where: keyOf(pair) });
    return row === null ? undefined : recordOf(row);
  }

  /** Of every game. */
  async listReady(): Promise<PatchRecord[]> {
    return (await this.#database.client.patch.findMany({ where: { state: 'ready' } })).map(recordOf);
  }

  /** Puts pairs that are not there into the queue, and gives those that are there their new rank. */
  async queue(pairs: readonly (PatchPair & { rank: number })[], nowMs: number): Promise<void> {
    const updatedAt = new Date(nowMs);
    await this.#database.transaction(async (session) => {
      for (const { game: gameId, from: fromVersion, to: toVersion, rank } of pairs) {
        await session.patch.upsert({
          where: { gameId_fromVersion_toVersion: { gameId, fromVersion, toVersion } },
          create: { gameId, fromVersion, toVersion, rank, state: 'waiting', attempts: 0, updatedAt },
          update: { rank },
        });
      }
    });
  }

  /** Marks the first patch that waits as running. @returns Undefined when none waits. */
  async begin(nowMs: number): Promise<PatchRecord | undefined> {
    return this.#database.transaction(async (session) => {
      const row = await session.patch.findFirst({
        where: { state: 'waiting' },
        orderBy: [{ rank: 'asc' }, { updatedAt: 'asc' }, { fromVersion: 'asc' }],
      });
      if (row === null) return undefined;
      const { gameId, fromVersion, toVersion } = row;
      // Another origin on the same database may have been first.
      const { count } = await session.patch.updateMany({
        where: { gameId, fromVersion, toVersion, state: 'waiting' },
        data: { state: 'running', attempts: { increment: 1 }, updatedAt: new Date(nowMs) },
      });
      if (count === 0) return undefined;
      return recordOf({ ...row, state: 'running', attempts: row.attempts + 1 });
    });
  }

  /**
   * Ends the making of a patch.
   *
   * @returns False, and changes nothing, when it is not wanted any more.
   */
  async finish(
    { game: gameId, from: fromVersion, to: toVersion }: PatchPair,
    outcome: PatchEnd,
    nowMs: number,
  ): Promise<boolean> {
    const { count } = await this.#database.client.patch.updateMany({
      where: { gameId, fromVersion, toVersion, state: 'running' },
      data: {
        state: outcome.state,
        reason: 'reason' in outcome ? outcome.reason : null,
        ...('stored' in outcome && columnsOf(outcome.stored)),
        defeatedFiles: 'defeated' in outcome ? JSON.stringify(outcome.defeated) : null,
        // Being told to stop says nothing against the patch.
        ...(outcome.state === 'waiting' && { attempts: { decrement: 1 } }),
        updatedAt: new Date(nowMs),
      },
    });
    return count > 0;
  }

  /** Puts back into the queue what was running when the origin ended, and gives up on what ended it too often. */
  async recover(attemptsMax: number, nowMs: number): Promise<void> {
    const updatedAt = new Date(nowMs);
    await this.#database.transaction(async (session) => {
      await session.patch.updateMany({
        where: { state: 'running', attempts: { gte: attemptsMax } },
        data: { state: 'failed', reason: `the origin ended ${attemptsMax} times while making it`, updatedAt },
      });
      await session.patch.updateMany({ where: { state: 'running' }, data: { state: 'waiting', updatedAt } });
    });
  }

  /** Puts back into the queue what failed, unless it was begun too often or ended a short while ago. */
  async retry(
    { attemptsMax, endedBeforeMs }: { attemptsMax: number; endedBeforeMs: number },
    nowMs: number,
  ): Promise<void> {
    await this.#database.client.patch.updateMany({
      where: { state: 'failed', attempts: { lt: attemptsMax }, updatedAt: { lte: new Date(endedBeforeMs) } },
      data: { state: 'waiting', reason: null, updatedAt: new Date(nowMs) },
    });
  }

  /** Takes back patches that are ready: their files are about to go. */
  async withdraw(pairs: readonly PatchPair[], reason: string, nowMs: number): Promise<void> {
    const none = { lengthBytes: null, writtenBytes: null, oldReadBytes: null, infohashV1: null, infohashV2: null };
    const data = { ...none, piecesRoot: null, torrentPiecesRoot: null, state: 'rejected', reason };
    await this.#database.transaction(async (session) => {
      for (const pair of pairs) {
        await session.patch.update({ where: keyOf(pair), data: { ...data, updatedAt: new Date(nowMs) } });
      }
    });
  }

  async remove(pairs: readonly PatchPair[]): Promise<void> {
    await this.#database.transaction(async (session) => {
      for (const pair of pairs) await session.patch.deleteMany({ where: keyOf(pair).gameId_fromVersion_toVersion });
    });
  }
}

function keyOf({ game, from, to }: PatchPair): {
  gameId_fromVersion_toVersion: { gameId: string; fromVersion: string; toVersion: string };
} {
  return { gameId_fromVersion_toVersion: { gameId: game, fromVersion: from, toVersion: to } };
}

function columnsOf({ bytes, writtenBytes, oldReadBytes, torrent, piecesRoot, torrentPiecesRoot }: StoredPatch) {
  return {
    lengthBytes: BigInt(bytes),
    writtenBytes: BigInt(writtenBytes),
    oldReadBytes: BigInt(oldReadBytes),
    ...torrent,
    piecesRoot,
    torrentPiecesRoot,
  };
}

function recordOf(row: PatchRow): PatchRecord {
  const { gameId, fromVersion, toVersion, state, rank, attempts, reason } = row;
  const stored = state === 'ready' ? storedOf(row) : undefined;
  return {
    game: gameId,
    from: fromVersion,
    to: toVersion,
    state: state as PatchState,
    rank,
    attempts,
    ...(reason !== null && { reason }),
    ...(stored && { stored }),
    defeated: row.defeatedFiles === null ? [] : (JSON.parse(row.defeatedFiles) as DefeatedFile[]),
  };
}

function storedOf(row: PatchRow): StoredPatch {
  const { lengthBytes, writtenBytes, oldReadBytes, infohashV1, infohashV2, piecesRoot, torrentPiecesRoot } = row;
  return {
    bytes: Number(lengthBytes),
    writtenBytes: Number(writtenBytes),
    oldReadBytes: Number(oldReadBytes),
    torrent: { infohashV1: infohashV1 ?? '', infohashV2: infohashV2 ?? '' },
    piecesRoot: piecesRoot ?? '',
    torrentPiecesRoot: torrentPiecesRoot ?? '',
  };
}
