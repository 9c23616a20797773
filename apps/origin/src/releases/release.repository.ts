import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import type { Channel as ChannelRow, Release as ReleaseRow } from '../generated/sqlite/client.ts';

export interface ReleaseRecord {
  game: string;
  version: string;
  /** Name of the torrent's top directory. */
  name: string;
  lengthBytes: number;
  fileCount: number;
  infohashV1: string;
  infohashV2: string;
  notes?: string;
  /** Keys of the signed manifest and `release.torrent` in the blob store. */
  manifestPiecesRoot: string;
  torrentPiecesRoot: string;
  manifestSha256: string;
  publishedAtMs: number;
}

export interface ChannelPointer {
  name: string;
  version: string;
  rolloutPercent?: number;
}

@Injectable()
export class ReleaseRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(game: string, version: string): Promise<ReleaseRecord | undefined> {
    const row = await this.#database.client.release.findUnique({
      where: { gameId_version: { gameId: game, version } },
    });
    return row === null ? undefined : recordOf(row);
  }

  /** Newest first. */
  async list(game: string): Promise<ReleaseRecord[]> {
    const rows = await this.#database.client.release.findMany({
      where: { gameId: game },
      orderBy: [{ publishedAt: 'desc' }, { version: 'desc' }],
    });
    return rows.map(recordOf);
  }

  async latestVersion(game: string): Promise<string | undefined> {
    const row = await this.#database.client.release.findFirst({
      where: { gameId: game },
      orderBy: [{ publishedAt: 'desc' }, { version: 'desc' }],
      select: { version: true },
    });
    return row?.version;
  }

  /** Of every release of every game, infohashes in hex. */
  async listTorrents(): Promise<Pick<ReleaseRecord, 'game' | 'version' | 'infohashV1' | 'infohashV2'>[]> {
    const select = { gameId: true, version: true, infohashV1: true, infohashV2: true };
    const rows = await this.#database.client.release.findMany({ select });
    return rows.map(({ gameId, ...rest }) => ({ game: gameId, ...rest }));
  }

  /** By name. */
  async listChannels(game: string): Promise<ChannelPointer[]> {
    const rows = await this.#database.client.channel.findMany({ where: { gameId: game }, orderBy: { name: 'asc' } });
    return rows.map(pointerOf);
  }
}

function recordOf(row: ReleaseRow): ReleaseRecord {
  const { gameId, lengthBytes, notes, publishedAt, state: _state, ...rest } = row;
  return {
    ...rest,
    game: gameId,
    lengthBytes: Number(lengthBytes),
    ...(notes !== null && { notes }),
    publishedAtMs: publishedAt.getTime(),
  };
}

function pointerOf({ name, version, rollout }: ChannelRow): ChannelPointer {
  return { name, version, ...(rollout !== null && { rolloutPercent: rollout }) };
}
