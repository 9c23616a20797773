import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { applyPatch, checkNewTree, DeltaError, resolveTrees } from '@swarmpatch/delta';
import type { NewFile, PatchTrees } from '@swarmpatch/delta';
import { blockHashesOf, HASH_LENGTH_BYTES, MerkleHasher, piecesRootFromBlocks } from '@swarmpatch/merkle';

import { syncPaths } from '../blob-store/durability.ts';
import { eachInParallel } from '../blob-store/parallel.ts';
import { closeFile, openFile, readAll } from './file-calls.ts';
import { FileReaders } from './file-readers.ts';
import { listDirectory } from './locate-directory.ts';
import { openPatchFile, type PatchFileHandle } from './patch-file.ts';
import { explainRefusal } from './system-refusal.ts';
import { absoluteIn, TreeWriter } from './tree-writer.ts';

const COPY_BYTES = 256 * 1024;
/** Most of the time goes into making small files: the system makes several at once. */
const COPIES_AT_ONCE = 16;

export interface ApplyPatchFileOptions {
  /** The release that the patch begins at; left as it is. */
  readonly old: string;
  readonly patch: string;
  /** A directory that is not there, or is empty. */
  readonly out: string;
  readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the new release's directory, whole and checked or not at all.
 *
 * @returns The lengths of the new release's files.
 * @throws {DeltaError} also `not_empty`, `files_failed`
 * @throws {ScanError} when the old directory cannot be read
 */
export async function applyPatchFile(options: ApplyPatchFileOptions): Promise<{ readonly bytes: number }> {
  const { signal } = options;
  const out = resolve(options.out);
  await refuseTaken(out, options);
  const opened = await openPatchFile(options.patch);
  const unfinished = `${out}.unfinished-${process.pid}`;
  try {
    const trees = resolveTrees(opened.patch, await listDirectory(options.old, options));
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(dirname(out), { recursive: true });
    await mkdir(unfinished);
    const bytes = await new DirectoryApply(opened, trees, unfinished, options).run();
    signal?.throwIfAborted();
    await rename(unfinished, out);
    await syncPaths([dirname(out)], dirname(out));
    return { bytes };
  } catch (error) {
    throw explainRefusal(`write ${JSON.stringify(out)}`, error);
  } finally {
    opened.close();
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function refuseTaken(out: string, { old }: ApplyPatchFileOptions): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (!found) {
    if (!`${out}/`.startsWith(`${resolve(old)}/`)) return;
    throw new DeltaError(
      'not_empty',
      `write ${JSON.stringify(out)}: it lies inside the old release; name a place outside`,
    );
  }
  if (found.isDirectory() && (await readdir(out)).length === 0) return;
  throw new DeltaError(
    'not_empty',
    `write ${JSON.stringify(out)}: found ${found.isDirectory() ? 'files there' : 'a file'}, a new or empty directory is wanted`,
    { path: out },
  );
}

/** One run: the written files through the patch, all others from the old directory. */
class DirectoryApply {
  readonly #opened: PatchFileHandle;
  readonly #trees: PatchTrees;
  readonly #writer: TreeWriter;
  readonly #options: ApplyPatchFileOptions;
  readonly #readers: FileReaders = new FileReaders();
  /** One after another, in the order of the trees' files. */
  readonly #roots: Uint8Array;
  readonly #totalBytes: number;
  readonly #buffers: Uint8Array[] = [];
  #doneBytes = 0;

  constructor(opened: PatchFileHandle, trees: PatchTrees, directory: string, options: ApplyPatchFileOptions) {
    this.#opened = opened;
    this.#trees = trees;
    this.#writer = new TreeWriter(directory);
    this.#options = options;
    this.#roots = new Uint8Array(trees.files.length * HASH_LENGTH_BYTES);
    this.#totalBytes = opened.patch.listing.newTreeBytes;
  }

  async run(): Promise<number> {
    const { files } = this.#trees;
    try {
      await this.#writePatched();
      await this.#placeOthers();
      checkNewTree(this.#opened.patch, files, (_, index) => this.#rootAt(index));
      this.#options.signal?.throwIfAborted();
      await this.#writer.sync({ [Symbol.iterator]: () => pathsOfContent(files) });
      return this.#totalBytes;
    } finally {
      await this.#writer.close();
      this.#readers.close();
    }
  }

  async #writePatched(): Promise<void> {
    const places = this.#writtenPlaces();
    let finished = 0;
    const failed = await applyPatch(
      this.#opened.patch,
      this.#trees,
      {
        readOld: (file, offset, target) => {
          this.#readers.readInto(this.#oldPath(file.path), offset, target);
        },
        readOldAhead: (file, offset, target) => this.#readers.readAhead(this.#oldPath(file.path), offset, target),
        readNew: (file, offset, target) => {
          this.#readers.readInto(this.#writer.absolute(file.path), offset, target);
        },
        write: (file, offset, bytes) => {
          this.#advance(bytes.length);
          return this.#writer.write(file, offset, bytes);
        },
        finish: (result) => {
          const place = places[finished] ?? 0;
          finished += 1;
          if (result.status !== 'done') return undefined;
          if (result.file.lengthBytes === 0) return this.#writer.makeEmpty(result.file);
          this.#rootAt(place).set(result.piecesRoot);
          return undefined;
        },
      },
      { signal: this.#options.signal },
    );
    const [first] = failed;
    if (!first) return;
    throw new DeltaError(
      'files_failed',
      `apply a patch: ${failed.length} of ${this.#trees.written.length} files could not be made; ` +
        `${JSON.stringify(first.file.path)}: ${first.failure.message} (${first.failure.code})`,
      { path: first.file.path },
    );
  }

  /** Where the written files are among all. */
  #writtenPlaces(): Uint32Array {
    const places = new Uint32Array(this.#trees.written.length);
    let [index, count] = [0, 0];
    for (const { origin } of this.#trees.files) {
      if (origin.kind === 'written') {
        places[count] = index;
        count += 1;
      }
      index += 1;
    }
    return places;
  }

  async #placeOthers(): Promise<void> {
    let next = 0;
    await eachInParallel(this.#trees.files, COPIES_AT_ONCE, (file) => {
      const index = next;
      next += 1;
      return this.#place(file, index);
    });
  }

  async #place(file: NewFile, index: number): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { origin, symlink } = file;
    if (symlink !== undefined) this.#writer.link(file.path, symlink);
    else if (origin.kind === 'kept' || origin.kind === 'moved') {
      await this.#copy(file, index, this.#oldPath(origin.old.path));
    } else if (origin.kind === 'twin') {
      const twin = this.#trees.written.at(origin.index);
      if (twin) await this.#copy(file, index, this.#writer.absolute(twin.path));
    }
  }

  async #copy(file: NewFile, index: number, from: string): Promise<void> {
    if (file.lengthBytes === 0) return this.#writer.makeEmpty(file);
    const buffer = this.#buffers.pop() ?? new Uint8Array(COPY_BYTES);
    try {
      this.#rootAt(index).set(await this.#copyThrough(buffer, file, from));
    } finally {
      this.#buffers.push(buffer);
    }
  }

  /** @returns The pieces root of the copy. */
  async #copyThrough(buffer: Uint8Array, file: NewFile, from: string): Promise<Uint8Array> {
    const { lengthBytes } = file;
    if (lengthBytes <= buffer.length) {
      const bytes = buffer.subarray(0, lengthBytes);
      await copying(from, this.#writer.copy(file, from, bytes));
      this.#advance(lengthBytes);
      return piecesRootFromBlocks(blockHashesOf(bytes));
    }
    const hasher = new MerkleHasher();
    const handle = await copying(from, openFile(from, 'r'));
    try {
      for (let at = 0; at < lengthBytes; at += buffer.length) {
        this.#options.signal?.throwIfAborted();
        const bytes = buffer.subarray(0, Math.min(buffer.length, lengthBytes - at));
        await copying(from, readAll(handle, at, bytes));
        hasher.update(bytes);
        await this.#writer.write(file, at, bytes);
        this.#advance(bytes.length);
      }
    } finally {
      await closeFile(handle);
    }
    return hasher.digest().piecesRoot;
  }

  #rootAt(index: number): Uint8Array {
    return this.#roots.subarray(index * HASH_LENGTH_BYTES, (index + 1) * HASH_LENGTH_BYTES);
  }

  #advance(bytes: number): void {
    this.#doneBytes += bytes;
    this.#options.onProgress?.({ doneBytes: this.#doneBytes, totalBytes: this.#totalBytes });
  }

  #oldPath(path: string): string {
    return absoluteIn(this.#options.old, path);
  }
}

/** Links have no content of their own. */
function* pathsOfContent(files: Iterable<NewFile>): Generator<string> {
  for (const { path, symlink } of files) if (symlink === undefined) yield path;
}

function copying<T>(absolutePath: string, step: Promise<T>): Promise<T> {
  return step.catch((error: unknown) => {
    throw explainRefusal(`copy ${JSON.stringify(absolutePath)}`, error);
  });
}
