import type { Token as TokenRow } from '../generated/sqlite/client.ts';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { parseTokenScope, type TokenScope } from './token-scope.ts';

export interface TokenRecord {
  id: string;
  /** Of the token's secret, hex. */
  sha256: string;
  scope: TokenScope;
  createdAtMs: number;
  expiresAtMs?: number;
  revokedAtMs?: number;
}

@Injectable()
export class TokenRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(token: TokenRecord): Promise<void> {
    const { createdAtMs, expiresAtMs, revokedAtMs, ...rest } = token;
    await this.#database.client.token.create({
      data: {
        ...rest,
        createdAt: new Date(createdAtMs),
        expiresAt: expiresAtMs === undefined ? null : new Date(expiresAtMs),
        revokedAt: revokedAtMs === undefined ? null : new Date(revokedAtMs),
      },
    });
  }

  async find(id: string): Promise<TokenRecord | undefined> {
    const row = await this.#database.client.token.findUnique({ where: { id } });
    return row === null ? undefined : recordOf(row);
  }

  /** Oldest first. */
  async list(): Promise<TokenRecord[]> {
    const rows = await this.#database.client.token.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
    return rows.map(recordOf);
  }

  /** @returns False when there is no such token, or it is revoked already. */
  async revoke(id: string, nowMs: number): Promise<boolean> {
    const { count } = await this.#database.client.token.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: new Date(nowMs) },
    });
    return count > 0;
  }
}

function recordOf(row: TokenRow): TokenRecord {
  const { id, sha256, scope, createdAt, expiresAt, revokedAt } = row;
  return {
    id,
    sha256,
    scope: parseTokenScope(scope),
    createdAtMs: createdAt.getTime(),
    ...(expiresAt && { expiresAtMs: expiresAt.getTime() }),
    ...(revokedAt && { revokedAtMs: revokedAt.getTime() }),
  };
}
