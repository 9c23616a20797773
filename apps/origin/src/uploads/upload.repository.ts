import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import type { StoredDocument } from '../trust/document-store.ts';

/** A release on its way in: its documents are stored, its blobs may not be. */
export interface UploadRecord {
  game: string;
  version: string;
  manifest: StoredDocument;
  torrent: StoredDocument;
  startedAtMs: number;
}

@Injectable()
export class UploadRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Begins an upload; one that was begun before for the same version is replaced. */
  async put(upload: UploadRecord): Promise<void> {
    const { game: gameId, version, manifest, torrent, startedAtMs } = upload;
    const documents = {
      manifestPiecesRoot: manifest.piecesRoot,
      manifestSha256: manifest.sha256,
      manifestLengthBytes: manifest.lengthBytes,
      torrentPiecesRoot: torrent.piecesRoot,
      torrentSha256: torrent.sha256,
      torrentLengthBytes: torrent.lengthBytes,
    };
    await this.#database.client.upload.upsert({
      where: { gameId_version: { gameId, version } },
      create: { gameId, version, startedAt: new Date(startedAtMs), ...documents },
      update: documents,
    });
  }

  async find(game: string, version: string): Promise<UploadRecord | undefined> {
    const row = await this.#database.client.upload.findUnique({ where: { gameId_version: { gameId: game, version } } });
    if (row === null) return undefined;
    return {
      game,
      version,
      manifest: {
        piecesRoot: row.manifestPiecesRoot,
        sha256: row.manifestSha256,
        lengthBytes: row.manifestLengthBytes,
      },
      torrent: { piecesRoot: row.torrentPiecesRoot, sha256: row.torrentSha256, lengthBytes: row.torrentLengthBytes },
      startedAtMs: row.startedAt.getTime(),
    };
  }
}
