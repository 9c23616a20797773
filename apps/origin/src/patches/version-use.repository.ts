import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';

export interface VersionUse {
  game: string;
  version: string;
  /** Launchers that fetched the release's torrent. */
  updates: number;
  /** Most peers of the release's torrent at once. */
  peers: number;
}

/** What was seen of each version, by day (days since 1970, UTC). */
@Injectable()
export class VersionUseRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds updates to a day, and raises its peers. */
  async add(day: number, uses: readonly VersionUse[]): Promise<void> {
    await this.#database.transaction(async (session) => {
      for (const { game: gameId, version, updates, peers } of uses) {
        const key = { gameId, version, day };
        await session.versionUse.upsert({
          where: { gameId_version_day: key },
          create: { ...key, updates, peers },
          update: { updates: { increment: updates } },
        });
        await session.versionUse.updateMany({ where: { ...key, peers: { lt: peers } }, data: { peers } });
      }
    });
  }

  /** Sums of updates and peaks of peers of each version, from a day on. */
  async since(game: string, day: number): Promise<VersionUse[]> {
    const rows = await this.#database.client.versionUse.groupBy({
      by: ['version'],
      where: { gameId: game, day: { gte: day } },
      _sum: { updates: true },
      _max: { peers: true },
    });
    return rows.map(({ version, _sum, _max }) => {
      return { game, version, updates: _sum.updates ?? 0, peers: _max.peers ?? 0 };
    });
  }

  async forgetBefore(day: number): Promise<void> {
    await this.#database.client.versionUse.deleteMany({ where: { day: { lt: day } } });
  }
}
