import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { sep } from 'node:path';

import { syncPaths } from '../blob-store/durability.ts';
import { changeMode, closeFile, copyWhole, openFile } from './file-calls.ts';
import { readFully } from './file-readers.ts';
import { OutputFiles } from './output-files.ts';

const EXECUTABLE_MODE = 0o755;
const FILE_MODE = 0o644;
const MODE_BITS = 0o777;

/** Where a file of a release goes. */
export interface TreePlace {
  readonly path: string;
  readonly lengthBytes: number;
  readonly executable: boolean;
}

/** Writes a fresh tree, each file from its beginning to its end; several at once. */
export class TreeWriter {
  readonly root: string;
  readonly #outputs: OutputFiles = new OutputFiles();
  /** As their paths in the release, with the root as an empty one. */
  readonly #directories = new Set<string>(['']);
  readonly #fileMode: number = FILE_MODE & ~process.umask();
  #lastDirectory = '';

  /** @param root A directory that is there, and empty. */
  constructor(root: string) {
    this.root = root;
  }

  absolute(path: string): string {
    return absoluteIn(this.root, path);
  }

  /** The next bytes of a file. They must stay as they are until this settles; meanwhile it may be called for what follows. */
  write(file: TreePlace, offset: number, bytes: Uint8Array): Promise<void> {
    const { path, lengthBytes } = file;
    return this.#outputs.write({ path, lengthBytes, open: () => this.#create(file) }, offset, bytes);
  }

  /** An empty file; what has bytes is made by `write`. */
  async makeEmpty(file: TreePlace): Promise<void> {
    await closeFile(await this.#create(file));
  }

  /**
   * A copy of a file that lies somewhere else, in one call, which is the fastest for all but long ones.
   *
   * @param target Takes the whole content, as it is in the copy.
   * @throws `Error` when the content has another length
   */
  async copy(file: TreePlace, from: string, target: Uint8Array): Promise<void> {
    this.#makeDirectory(file.path);
    const absolutePath = this.absolute(file.path);
    await copyWhole(from, absolutePath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const handle = openSync(absolutePath, 'r');
    try {
      const { size, mode } = fstatSync(handle);
      if (size !== file.lengthBytes) throw new Error(`it has ${size} bytes, ${file.lengthBytes} are wanted`);
      // The copy has the mode of what it is made of.
      if ((mode & MODE_BITS) !== this.#modeOf(file)) fchmodSync(handle, this.#modeOf(file));
      readFully(handle, 0, target);
    } finally {
      closeSync(handle);
    }
  }

  #modeOf({ executable }: TreePlace): number {
    return executable ? EXECUTABLE_MODE : this.#fileMode;
  }

  link(path: string, text: string): void {
    this.#makeDirectory(path);
    symlinkSync(text, this.absolute(path));
  }

  /**
   * Makes all that was made survive a power cut.
   *
   * @param files Paths of all files, that can be gone through more than once.
   */
  async sync(files: Iterable<string>): Promise<void> {
    await syncPaths(files, this.root, (path) => this.absolute(path));
    await syncPaths([...this.#directories], this.root, (path) => (path === '' ? this.root : this.absolute(path)));
  }

  async close(): Promise<void> {
    await this.#outputs.close();
  }

  async #create({ path, executable }: TreePlace): Promise<number> {
    this.#makeDirectory(path);
    const handle = await openFile(this.absolute(path), 'wx', FILE_MODE);
    if (executable) await changeMode(handle, EXECUTABLE_MODE);
    return handle;
  }

  /** The directory that a file or link is in. Calls block: directories are few. */
  #makeDirectory(path: string): void {
    const directory = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (directory === this.#lastDirectory) return;
    if (!this.#directories.has(directory)) {
      this.#makeDirectory(directory);
      mkdirSync(this.absolute(directory), { recursive: true });
      this.#directories.add(directory);
    }
    this.#lastDirectory = directory;
  }
}

/** A path of a release as one of this system. */
export function absoluteIn(directory: string, path: string): string {
  return `${directory}${sep}${sep === '/' ? path : path.replaceAll('/', sep)}`;
}
