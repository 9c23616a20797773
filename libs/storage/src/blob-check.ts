import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { BLOCK_LENGTH_BYTES, MerkleHasher } from '@swarmpatch/merkle';
import { type BlobRoot, checkBlobRoot } from './blob-root.ts';
import { BLOB_LENGTH_BYTES_MAX } from './blob-store.ts';
import { StorageError } from './storage-error.ts';

/** The pieces root of bytes that are all here. */
export function blobRootOf(bytes: Uint8Array): BlobRoot {
  // The tree of a file of one block is its leaf.
  if (bytes.length > 0 && bytes.length <= BLOCK_LENGTH_BYTES) return hash('sha256', bytes, 'hex');
  return toHex(new MerkleHasher().update(bytes).digest().piecesRoot);
}

/** Counts and hashes the bytes of one blob as they arrive, and decides at the end whether it is the blob it claims to be. */
export class BlobCheck {
  readonly root: BlobRoot;
  readonly lengthBytes: number;
  readonly #hasher = new MerkleHasher();

  /** @throws {StorageError} `bad_blob_root`, `bad_blob_length` */
  constructor(root: BlobRoot, lengthBytes: number) {
    this.root = checkBlobRoot(root);
    this.lengthBytes = checkBlobLength(root, lengthBytes);
  }

  get seenBytes(): number {
    return this.#hasher.lengthBytes;
  }

  /** @throws {StorageError} `blob_too_long`, before anything of the chunk is counted */
  update(chunk: Uint8Array): void {
    if (this.seenBytes + chunk.length > this.lengthBytes) {
      const found = `found at least ${this.seenBytes + chunk.length} bytes, wanted ${this.lengthBytes}`;
      throw new StorageError('blob_too_long', `receive blob ${this.root}: ${found}`, { root: this.root });
    }
    this.#hasher.update(chunk);
  }

  /** Ends the check. @throws {StorageError} `blob_incomplete`, `blob_damaged` */
  finish(): void {
    if (this.seenBytes < this.lengthBytes) throw incomplete(this.root, this.seenBytes, this.lengthBytes);
    const found = toHex(this.#hasher.digest().piecesRoot);
    if (found !== this.root) throw damaged(this.root, found);
  }
}

/** @throws {StorageError} `bad_blob_length` */
export function checkBlobLength(root: BlobRoot, lengthBytes: number): number {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > BLOB_LENGTH_BYTES_MAX) {
    const wanted = `wanted 1 to ${BLOB_LENGTH_BYTES_MAX}`;
    throw new StorageError('bad_blob_length', `store blob ${root}: found length ${lengthBytes}, ${wanted}`, { root });
  }
  return lengthBytes;
}

/** @throws {StorageError} `blob_damaged` */
export function checkBlobContent(root: BlobRoot, bytes: Uint8Array): void {
  const found = blobRootOf(bytes);
  if (found !== root) throw damaged(root, found);
}

function damaged(root: BlobRoot, found: string): StorageError {
  return new StorageError('blob_damaged', `receive blob ${root}: the bytes have root ${found}; send it again`, {
    root,
  });
}

function incomplete(root: BlobRoot, seenBytes: number, lengthBytes: number): StorageError {
  const found = `found ${seenBytes} bytes, wanted ${lengthBytes}`;
  return new StorageError('blob_incomplete', `receive blob ${root}: ${found}; send the rest`, { root });
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
