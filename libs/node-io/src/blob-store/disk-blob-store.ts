import { statSync, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BlobCheck,
  type BlobHealth,
  type BlobRoot,
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  checkBlobLength,
  checkBlobRoot,
  isBlobRoot,
  type MissingBlob,
  SMALL_BLOB_BYTES_MAX,
  type StoredBlob,
  StorageError,
} from '@swarmpatch/storage';
import { BlobPaths } from './blob-paths.ts';
import { readRange } from './blob-reading.ts';
import { LargeBlobWriter, SmallBlobWriter, type WriterEnd } from './blob-writers.ts';
import { eachInSlices } from './parallel.ts';
import { Staging } from './staging.ts';
import { isMissing, toStorageError } from './storage-failure.ts';

/** Blobs in one directory of a disk, of which this store is the only user. `BlobPaths` says where, `Staging` when. */
export class DiskBlobStore implements BlobStore {
  readonly #paths: BlobPaths;
  readonly #staging: Staging;
  /** Blobs that are being written or removed. */
  readonly #busy = new Set<BlobRoot>();

  private constructor(paths: BlobPaths) {
    this.#paths = paths;
    this.#staging = new Staging(paths);
  }

  /** Opens the store in a directory, which is made when it is not there. */
  static async open(directory: string): Promise<DiskBlobStore> {
    const paths = new BlobPaths(directory);
    await attempt(`open the blob store ${directory}`, () => mkdir(paths.partials, { recursive: true }));
    return new DiskBlobStore(paths);
  }

  /** The file of a durable blob, for serving it straight from the disk; whether it is there is not checked. */
  pathOf(root: BlobRoot): string {
    return this.#paths.durable(checkBlobRoot(root));
  }

  async has(root: BlobRoot): Promise<boolean> {
    return (await this.size(root)) !== undefined;
  }

  async size(root: BlobRoot): Promise<number | undefined> {
    checkBlobRoot(root);
    return this.#lengthOfWhole(root);
  }

  async partial(root: BlobRoot): Promise<number> {
    checkBlobRoot(root);
    return this.#lengthOfWhole(root) === undefined ? this.#lengthOfPartial(root) : 0;
  }

  async missing(roots: Iterable<BlobRoot>): Promise<MissingBlob[]> {
    const partials = new Set(await attempt('list partial blobs', () => readdir(this.#paths.partials)));
    const missing: MissingBlob[] = [];
    await eachInSlices(roots, (root) => {
      if (this.#lengthOfWhole(checkBlobRoot(root)) !== undefined) return;
      missing.push({ root, partialBytes: partials.has(root) ? this.#lengthOfPartial(root) : 0 });
    });
    return missing;
  }

  async *openRead(root: BlobRoot, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const handle = await this.#open(checkBlobRoot(root));
    if (handle === undefined)
      throw new StorageError('blob_not_found', `read blob ${root}: it is not in the store`, { root });
    try {
      yield* readRange(handle, root, range);
    } finally {
      await handle.close();
    }
  }

  async beginWrite(root: BlobRoot, lengthBytes: number, offsetBytes = 0): Promise<BlobWriter> {
    checkBlobRoot(root);
    checkBlobLength(root, lengthBytes);
    return this.#writing(root, lengthBytes, async (end) => {
      const keptBytes = offsetBytes === 0 ? 0 : this.#lengthOfPartial(root);
      if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || offsetBytes > Math.min(keptBytes, lengthBytes)) {
        const found = `found offset ${offsetBytes}, wanted at most the ${keptBytes} bytes that are here`;
        throw new StorageError('bad_blob_offset', `continue blob ${root}: ${found}`, { root });
      }
      const path = this.#paths.partial(root);
      if (lengthBytes <= SMALL_BLOB_BYTES_MAX && offsetBytes === 0)
        return new SmallBlobWriter(root, lengthBytes, path, end);
      return LargeBlobWriter.open(new BlobCheck(root, lengthBytes), path, offsetBytes, end);
    });
  }

  async put(root: BlobRoot, bytes: Uint8Array): Promise<void> {
    const writer = await this.beginWrite(root, bytes.length);
    await writer.write(bytes);
    await writer.commit();
  }

  flush(): Promise<void> {
    return this.#staging.flush();
  }

  async verify(root: BlobRoot): Promise<BlobHealth> {
    const lengthBytes = await this.size(root);
    if (lengthBytes === undefined) return 'missing';
    if (lengthBytes === 0) return 'damaged';
    const check = new BlobCheck(root, lengthBytes);
    try {
      for await (const chunk of this.openRead(root)) check.update(chunk);
      check.finish();
      return 'whole';
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === 'blob_not_found') return 'missing';
      if (error.code === 'storage_failed') throw error;
      return 'damaged';
    }
  }

  async delete(root: BlobRoot): Promise<boolean> {
    checkBlobRoot(root);
    return this.#staging.apart(() => this.#whileBusy(root, () => this.#remove(root)));
  }

  async #remove(root: BlobRoot): Promise<boolean> {
    this.#staging.drop(root);
    const paths = [this.#paths.durable(root), this.#paths.partial(root)];
    return (await Promise.all(paths.map((path) => removeFile(path, root)))).includes(true);
  }

  async deletePartials(beforeMs: number): Promise<number> {
    return this.#staging.apart(async () => {
      let count = 0;
      for (const root of await attempt('list partial blobs', () => readdir(this.#paths.partials))) {
        if (this.#busy.has(root) || this.#staging.lengthOf(root) !== undefined) continue;
        const path = join(this.#paths.partials, root);
        const isOld = (look(path)?.mtimeMs ?? beforeMs) < beforeMs;
        if (isOld && (await this.#whileBusy(root, () => removeFile(path, root)))) count += 1;
      }
      return count;
    });
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const shelf of await readdir(this.#paths.directory)) {
      if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
      for (const root of await readdir(join(this.#paths.directory, shelf))) {
        const found = isBlobRoot(root) ? look(this.#paths.durable(root)) : undefined;
        if (found !== undefined) yield { root, lengthBytes: found.size, storedAtMs: found.mtimeMs };
      }
    }
  }

  /** Makes `root` busy until the writer that `begin` makes has ended, or `begin` fails. */
  async #writing<T>(root: BlobRoot, lengthBytes: number, begin: (end: WriterEnd) => Promise<T>): Promise<T> {
    this.#staging.checkUsable();
    this.#occupy(root);
    const onEnd = (): void => {
      this.#busy.delete(root);
    };
    try {
      if (this.#lengthOfWhole(root) !== undefined) {
        throw new StorageError('blob_exists', `store blob ${root}: it is here already`, { root });
      }
      return await begin({ onEnd, onWhole: () => this.#staging.add(root, lengthBytes) });
    } catch (error) {
      onEnd();
      throw toStorageError(error, `store blob ${root}`, root);
    }
  }

  async #whileBusy<T>(root: BlobRoot, task: () => Promise<T>): Promise<T> {
    this.#occupy(root);
    try {
      return await task();
    } finally {
      this.#busy.delete(root);
    }
  }

  #occupy(root: BlobRoot): void {
    if (this.#busy.has(root)) {
      throw new StorageError('blob_busy', `change blob ${root}: it is being written already; try again later`, {
        root,
      });
    }
    this.#busy.add(root);
  }

  /** A flush may move the file between two looks: then it is on its shelf. */
  async #open(root: BlobRoot): Promise<FileHandle | undefined> {
    const isStaged = this.#staging.lengthOf(root) !== undefined;
    const places = isStaged ? [this.#paths.partial(root), this.#paths.durable(root)] : [this.#paths.durable(root)];
    for (const path of places) {
      try {
        return await open(path, 'r');
      } catch (error) {
        if (!isMissing(error)) throw toStorageError(error, `read blob ${root}`, root);
      }
    }
    return undefined;
  }

  #lengthOfWhole(root: BlobRoot): number | undefined {
    return this.#staging.lengthOf(root) ?? look(this.#paths.durable(root))?.size;
  }

  #lengthOfPartial(root: BlobRoot): number {
    return look(this.#paths.partial(root))?.size ?? 0;
  }
}

/** Synchronous for the reason that `eachInSlices` gives. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw toStorageError(error, `look at ${path}`);
  }
}

async function removeFile(path: string, root: BlobRoot): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw toStorageError(error, `delete blob ${root}`, root);
  }
}

async function attempt<T>(doing: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw toStorageError(error, doing);
  }
}
