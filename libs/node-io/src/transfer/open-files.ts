import { close, constants, fsync, open } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const openDescriptor = promisify(open);
const closeDescriptor = promisify(close);
const syncDescriptor = promisify(fsync);

type Access = 'read' | 'write';

interface OpenFile {
  readonly fileIndex: number;
  readonly path: string;
  readonly access: Access;
  /** A file descriptor. */
  readonly handle: Promise<number>;
  users: number;
  isDirty: boolean;
}

/**
 * A bounded number of open files. A file stays open while it is in use and until its place is needed; one that is asked for
 * under another path is closed first, since files may move.
 */
export class OpenFiles {
  readonly #openFilesMax: number;
  /** By file index; the least recently used first. */
  readonly #files = new Map<number, OpenFile>();
  /** Written files that were closed before they were flushed. */
  readonly #unflushed = new Set<string>();

  constructor(openFilesMax: number) {
    this.#openFilesMax = openFilesMax;
  }

  /** Opens the file (and creates it to write) for the time of the call. */
  async use<T>(
    fileIndex: number,
    path: string,
    access: Access,
    action: (descriptor: number) => Promise<T>,
  ): Promise<T> {
    const file = this.#acquire(fileIndex, path, access);
    try {
      const result = await action(await file.handle);
      if (access === 'write') file.isDirty = true;
      return result;
    } catch (error) {
      // A handle that could not be opened or used is not handed out again.
      if (this.#files.get(fileIndex) === file) this.#files.delete(fileIndex);
      throw error;
    } finally {
      this.#release(file);
    }
  }

  /** Makes everything that was written durable. */
  async flush(): Promise<void> {
    const dirty = [...this.#files.values()].filter((file) => file.isDirty);
    // None is closed under the flush, whoever needs its place meanwhile.
    for (const file of dirty) file.users += 1;
    try {
      for (const file of dirty) {
        file.isDirty = false;
        await syncDescriptor(await file.handle);
      }
    } finally {
      for (const file of dirty) this.#release(file);
    }
    for (const path of this.#unflushed) {
      this.#unflushed.delete(path);
      const descriptor = await openDescriptor(path, 'r+');
      try {
        await syncDescriptor(descriptor);
      } finally {
        await closeDescriptor(descriptor);
      }
    }
  }

  async close(): Promise<void> {
    // Those in use now close when their users are done, which may be while this waits.
    const idle = [...this.#files.values()].filter((file) => file.users === 0);
    for (const file of idle) if (file.isDirty) this.#unflushed.add(file.path);
    this.#files.clear();
    await Promise.all(idle.map(closeQuietly));
  }

  #acquire(fileIndex: number, path: string, access: Access): OpenFile {
    const known = this.#files.get(fileIndex);
    if (known) this.#files.delete(fileIndex);
    if (known?.path === path && (known.access === 'write' || access === 'read')) {
      known.users += 1;
      this.#files.set(fileIndex, known);
      return known;
    }
    if (known) this.#closeWhenIdle(known);
    const file: OpenFile = { fileIndex, path, access, handle: openFile(path, access), users: 1, isDirty: false };
    this.#files.set(fileIndex, file);
    return file;
  }

  #release(file: OpenFile): void {
    file.users -= 1;
    if (this.#files.get(file.fileIndex) !== file) this.#closeWhenIdle(file);
    else this.#evict();
  }

  #evict(): void {
    if (this.#files.size <= this.#openFilesMax) return;
    for (const [fileIndex, file] of this.#files) {
      if (file.users > 0) continue;
      this.#files.delete(fileIndex);
      this.#closeWhenIdle(file);
      if (this.#files.size <= this.#openFilesMax) return;
    }
  }

  #closeWhenIdle(file: OpenFile): void {
    if (file.users > 0) return;
    if (file.isDirty) this.#unflushed.add(file.path);
    void closeQuietly(file);
  }
}

async function openFile(path: string, access: Access): Promise<number> {
  if (access === 'read') return openDescriptor(path, constants.O_RDONLY);
  const flags = constants.O_RDWR | constants.O_CREAT;
  try {
    return await openDescriptor(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    return openDescriptor(path, flags);
  }
}

/** What could not be opened has said so to its user. */
async function closeQuietly(file: OpenFile): Promise<void> {
  await file.handle.then(closeDescriptor, () => undefined);
}
