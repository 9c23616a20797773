import { writeFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { BlobCheck } from '@swarmpatch/storage';
import { type BlobRoot, type BlobWriter, checkBlobContent, StorageError } from '@swarmpatch/storage';
import { toStorageError } from './storage-failure.ts';

/** What a writer tells its store at its end, exactly once. */
export interface WriterEnd {
  /** The blob is whole at its partial path. */
  onWhole(): void;
  /** The blob is no longer being written. */
  onEnd(): void;
}

const READ_BYTES: number = 1024 * 1024;

/**
 * Holds a small blob in memory: one write, and none for a blob that turns out wrong. The write is synchronous: it takes
 * less time than handing it to the thread pool.
 */
export class SmallBlobWriter implements BlobWriter {
  readonly #root: BlobRoot;
  readonly #path: string;
  readonly #bytes: Uint8Array;
  readonly #end: WriterEnd;
  #writtenBytes = 0;
  #hasEnded = false;

  constructor(root: BlobRoot, lengthBytes: number, path: string, end: WriterEnd) {
    this.#root = root;
    this.#path = path;
    this.#bytes = new Uint8Array(lengthBytes);
    this.#end = end;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#writtenBytes + chunk.length > this.#bytes.length) {
      const found = `found at least ${this.#writtenBytes + chunk.length} bytes, wanted ${this.#bytes.length}`;
      return Promise.reject(
        new StorageError('blob_too_long', `receive blob ${this.#root}: ${found}`, { root: this.#root }),
      );
    }
    this.#bytes.set(chunk, this.#writtenBytes);
    this.#writtenBytes += chunk.length;
    return Promise.resolve();
  }

  async commit(): Promise<void> {
    if (this.#hasEnded) return;
    if (this.#writtenBytes < this.#bytes.length) {
      await this.abort();
      const found = `found ${this.#writtenBytes} bytes, wanted ${this.#bytes.length}`;
      throw new StorageError('blob_incomplete', `receive blob ${this.#root}: ${found}; send the rest`, {
        root: this.#root,
      });
    }
    this.#ending(() => {
      checkBlobContent(this.#root, this.#bytes);
      writeFileSync(this.#path, this.#bytes);
      this.#end.onWhole();
    });
  }

  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    this.#ending(() => {
      if (this.#writtenBytes > 0) writeFileSync(this.#path, this.#bytes.subarray(0, this.#writtenBytes));
    });
  }

  #ending(task: () => void): void {
    this.#hasEnded = true;
    try {
      task();
    } catch (error) {
      throw toStorageError(error, `store blob ${this.#root}`, this.#root);
    } finally {
      this.#end.onEnd();
    }
  }
}

/** Writes a large blob as it arrives. */
export class LargeBlobWriter implements BlobWriter {
  readonly #check: BlobCheck;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #end: WriterEnd;
  /** Of a write: what was hashed is then more than what is on the disk. */
  #failure: StorageError | undefined;
  #hasEnded = false;

  private constructor(check: BlobCheck, path: string, handle: FileHandle, end: WriterEnd) {
    this.#check = check;
    this.#path = path;
    this.#handle = handle;
    this.#end = end;
  }

  /** Reads again what was kept before `offsetBytes`, and cuts what was kept beyond. */
  static async open(check: BlobCheck, path: string, offsetBytes: number, end: WriterEnd): Promise<LargeBlobWriter> {
    const handle = await open(path, offsetBytes === 0 ? 'w+' : 'r+');
    try {
      await handle.truncate(offsetBytes);
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(offsetBytes, 1)));
      while (check.seenBytes < offsetBytes) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, check.seenBytes);
        if (bytesRead === 0) throw new Error(`The file ended at ${check.seenBytes} of ${offsetBytes} bytes`);
        check.update(buffer.subarray(0, bytesRead));
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new LargeBlobWriter(check, path, handle, end);
  }

  get writtenBytes(): number {
    return this.#check.seenBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const positionBytes = this.#check.seenBytes;
    this.#check.update(chunk);
    try {
      let doneBytes = 0;
      while (doneBytes < chunk.length) {
        const restBytes = chunk.length - doneBytes;
        const { bytesWritten } = await this.#handle.write(chunk, doneBytes, restBytes, positionBytes + doneBytes);
        doneBytes += bytesWritten;
      }
    } catch (error) {
      this.#failure ??= toStorageError(error, `store blob ${this.#check.root}`, this.#check.root);
      throw this.#failure;
    }
  }

  async commit(): Promise<void> {
    if (this.#hasEnded) return;
    await this.#ending(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        this.#check.finish();
      } catch (error) {
        if (error instanceof StorageError && error.code === 'blob_damaged') await rm(this.#path, { force: true });
        throw error;
      }
      this.#end.onWhole();
    });
  }

  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    await this.#ending(() => Promise.resolve());
  }

  async #ending(task: () => Promise<void>): Promise<void> {
    this.#hasEnded = true;
    try {
      await this.#handle.close();
      await task();
    } catch (error) {
      throw toStorageError(error, `store blob ${this.#check.root}`, this.#check.root);
    } finally {
      this.#end.onEnd();
    }
  }
}
