import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { MerkleHasher } from '@swarmpatch/merkle';
import { type BlobStore, StorageError } from '@swarmpatch/storage';
import { BLOB_STORE } from '../storage/blob-store.ts';

/** A signed document, kept in the blob store like any other content. */
export interface StoredDocument {
  /** Its key in the blob store. */
  piecesRoot: string;
  /** What the targets metadata names it by. */
  sha256: string;
  lengthBytes: number;
}

const BUSY_RETRIES_MAX = 100;
const BUSY_RETRY_MS = 50;

@Injectable()
export class DocumentStore {
  readonly #blobs: BlobStore;

  constructor(@Inject(BLOB_STORE) blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Durable after the blob store's `flush`. */
  async put(bytes: Uint8Array): Promise<StoredDocument> {
    const document = describeDocument(bytes);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#blobs.put(document.piecesRoot, bytes);
        return document;
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (error.code === 'blob_exists') return document;
        // Another request is writing the same bytes.
        if (error.code !== 'blob_busy' || attempt === BUSY_RETRIES_MAX) throw error;
        await sleep(BUSY_RETRY_MS);
      }
    }
  }

  async read(piecesRoot: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#blobs.openRead(piecesRoot)) chunks.push(chunk);
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  }
}

export function describeDocument(bytes: Uint8Array): StoredDocument {
  const { piecesRoot } = new MerkleHasher().update(bytes).digest();
  return {
    piecesRoot: Buffer.from(piecesRoot).toString('hex'),
    sha256: hash('sha256', bytes, 'hex'),
    lengthBytes: bytes.byteLength,
  };
}
