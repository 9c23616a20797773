import { Injectable } from '@nestjs/common';
import type { MetadataRole } from '@swarmpatch/trust';
import { Database } from '../database/database.ts';
import type { StoredDocument } from './document-store.ts';

export interface MetadataFile {
  version: number;
  bytes: Uint8Array;
  expiresAtMs: number;
}

/** A signed target, and where its bytes are. */
export interface TargetRecord extends StoredDocument {
  path: string;
}

@Injectable()
export class TrustRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest file of a role. */
  async current(game: string, role: MetadataRole): Promise<MetadataFile | undefined> {
    const row = await this.#database.client.trustMetadata.findFirst({
      where: { gameId: game, role },
      orderBy: { version: 'desc' },
    });
    return row === null ? undefined : { version: row.version, bytes: row.bytes, expiresAtMs: row.expiresAt.getTime() };
  }

  async metadata(game: string, role: MetadataRole, version: number): Promise<MetadataFile | undefined> {
    const row = await this.#database.client.trustMetadata.findUnique({
      where: { gameId_role_version: { gameId: game, role, version } },
    });
    return row === null ? undefined : { version, bytes: row.bytes, expiresAtMs: row.expiresAt.getTime() };
  }

  async target(game: string, path: string, sha256: string): Promise<TargetRecord | undefined> {
    const row = await this.#database.client.targetDocument.findUnique({
      where: { gameId_path_sha256: { gameId: game, path, sha256 } },
    });
    return row === null ? undefined : { path, sha256, lengthBytes: row.lengthBytes, piecesRoot: row.piecesRoot };
  }

  /** The patch listing that the role `patches` names now. */
  async currentListing(game: string): Promise<{ sha256: string; bytes: Uint8Array } | undefined> {
    const row = await this.#database.client.patchListing.findFirst({
      where: { gameId: game },
      orderBy: { version: 'desc' },
    });
    return row === null ? undefined : { sha256: row.sha256, bytes: row.bytes };
  }

  /** A patch listing that is named, or was a short while ago. */
  async listing(game: string, sha256: string): Promise<Uint8Array | undefined> {
    const row = await this.#database.client.patchListing.findFirst({ where: { gameId: game, sha256 } });
    return row?.bytes;
  }

  /** Every target that was ever published of a game, as `path sha256`. */
  async listTargetKeys(game: string): Promise<Set<string>> {
    const rows = await this.#database.client.targetDocument.findMany({
      where: { gameId: game },
      select: { path: true, sha256: true },
    });
    return new Set(rows.map(({ path, sha256 }) => targetKey(path, sha256)));
  }
}

export function targetKey(path: string, sha256: string): string {
  return `${path} ${sha256}`;
}
