import { Injectable } from '@nestjs/common';
import { Database, isKeyTaken } from '../database/database.ts';
import type { Game as GameRow } from '../generated/sqlite/client.ts';

export interface GameRecord {
  id: string;
  title: string;
  /** `pending` until the studio's signed root and first targets are here. */
  state: 'pending' | 'ready';
  rootFingerprint?: string;
  /** TUF key id of the online key that this origin made for the game. */
  onlineKeyId: string;
  createdAtMs: number;
}

@Injectable()
export class GameRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns False, and changes nothing, when the id is taken. */
  async add(game: GameRecord): Promise<boolean> {
    const { id, title, state, onlineKeyId, createdAtMs } = game;
    try {
      await this.#database.client.game.create({
        data: { id, title, state, onlineKeyId, createdAt: new Date(createdAtMs) },
      });
      return true;
    } catch (error) {
      if (isKeyTaken(error)) return false;
      throw error;
    }
  }

  async find(id: string): Promise<GameRecord | undefined> {
    const row = await this.#database.client.game.findUnique({ where: { id } });
    return row === null ? undefined : recordOf(row);
  }

  /** By id. */
  async list(): Promise<GameRecord[]> {
    const rows = await this.#database.client.game.findMany({ orderBy: { id: 'asc' } });
    return rows.map(recordOf);
  }
}

function recordOf(row: GameRow): GameRecord {
  const { id, title, state, rootFingerprint, onlineKeyId, createdAt } = row;
  return {
    id,
    title,
    state: state === 'ready' ? 'ready' : 'pending',
    ...(rootFingerprint !== null && { rootFingerprint }),
    onlineKeyId,
    createdAtMs: createdAt.getTime(),
  };
}
