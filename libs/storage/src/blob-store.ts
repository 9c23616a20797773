import type { BlobRoot } from './blob-root.ts';

/** A part of a blob: `start` is included, `end` is not. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface StoredBlob {
  root: BlobRoot;
  lengthBytes: number;
  /** When its last byte was written: a sweep of unreferenced blobs spares the young ones. */
  storedAtMs: number;
}

/** A blob that is not whole, and how many of its first bytes were kept. */
export interface MissingBlob {
  root: BlobRoot;
  partialBytes: number;
}

export type BlobHealth = 'whole' | 'damaged' | 'missing';

/** 1 TiB: no game ships a larger file. */
export const BLOB_LENGTH_BYTES_MAX: number = 2 ** 40;
/** Up to here a blob is written in one go by `put`, and a writer holds it in memory until its commit. */
export const SMALL_BLOB_BYTES_MAX: number = 256 * 1024;

/**
 * Content-addressed storage: a blob is the bytes of one file, named by its pieces root (BEP 52).
 *
 * A blob is missing, partial (a prefix has arrived) or whole. It becomes whole only by a `commit` or `put` that has
 * checked its root, and is never changed afterwards. It becomes durable by a `flush`: after a power cut, a blob that was
 * not flushed is partial or missing. Every method throws `StorageError` `bad_blob_root` for a malformed root, and
 * `storage_full` or `storage_failed` where the medium fails.
 */
export interface BlobStore {
  /** Whether the blob is whole. */
  has(root: BlobRoot): Promise<boolean>;
  /** Length of a whole blob; `undefined` when it is not whole. */
  size(root: BlobRoot): Promise<number | undefined>;
  /** Bytes that were kept of a blob that is not whole yet: 0 when none, or when the blob is whole. */
  partial(root: BlobRoot): Promise<number>;
  /** Which of these are not whole, in the order given: one call for the tens of thousands of files of a release. */
  missing(roots: Iterable<BlobRoot>): Promise<MissingBlob[]>;
  /**
   * Streams a whole blob, or the part in `range`. A stream that was begun is not disturbed by `delete`.
   * @throws {StorageError} from the iterator: `blob_not_found`, `bad_blob_offset` (the range leaves the blob).
   */
  openRead(root: BlobRoot, range?: ByteRange): AsyncIterable<Uint8Array>;
  /**
   * Begins or continues a blob. `offsetBytes` is at most `partial(root)`; what was kept beyond it is dropped.
   * @throws {StorageError} `blob_busy` (one writer a blob), `blob_exists`, `bad_blob_offset`, `bad_blob_length` (an empty
   * file has no root).
   */
  beginWrite(root: BlobRoot, lengthBytes: number, offsetBytes?: number): Promise<BlobWriter>;
  /**
   * Stores a blob that is all in memory. Many may be under way at once.
   * @throws {StorageError} as `beginWrite`; `blob_damaged` when the bytes have another root.
   */
  put(root: BlobRoot, bytes: Uint8Array): Promise<void>;
  /**
   * Returns when every blob that was whole at the call is durable. A failed flush is final: the medium no longer says what
   * it kept, so the store refuses every write until it is opened again.
   */
  flush(): Promise<void>;
  /** Reads the whole blob and compares its root. */
  verify(root: BlobRoot): Promise<BlobHealth>;
  /**
   * Removes a whole or partial blob; `true` when there was one. The caller knows that nothing refers to it.
   * @throws {StorageError} `blob_busy` while it is written.
   */
  delete(root: BlobRoot): Promise<boolean>;
  /** Drops partial blobs that nothing was added to since `beforeMs`. @returns how many. */
  deletePartials(beforeMs: number): Promise<number>;
  /** Durable blobs, in no order. */
  list(): AsyncIterable<StoredBlob>;
}

/** Every writer ends with one `commit` or `abort`; a second one does nothing. */
export interface BlobWriter {
  /** Bytes of the blob so far, the offset included. */
  readonly writtenBytes: number;
  /** @throws {StorageError} `blob_too_long` for bytes past the announced length: nothing of the chunk is kept. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Checks length and root and makes the blob whole.
   * @throws {StorageError} `blob_incomplete` (what has arrived is kept as the partial), `blob_damaged` (nothing is kept).
   */
  commit(): Promise<void>;
  /** Stops here and keeps what has arrived as the blob's partial. */
  abort(): Promise<void>;
}
