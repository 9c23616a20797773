// What is on the disk and what is only in memory are kept apart. A step that changes names is left done or undone by a power
// cut; steps not synced yet survive in any combination that keeps the order of changes to one name. Content that was not
// synced is old, new or torn.
import type { DirectoryEntry, FileStat, FileSystem } from '@swarmpatch/install';
import { allocatedBytes, settled, survivingBytes } from './file-content.ts';
import {
  copyTree,
  Names,
  newDirectory,
  type Directory,
  type File,
  type LetterCase,
  type NameChange,
  type Node,
} from './names.ts';

/** The power went off: nothing more happens to this file system. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** What Node throws when the system refuses. */
export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
    this.path = path;
  }
}

export interface MemoryFileSystemOptions {
  capacityBytes?: number;
  /** Cut the power instead of this step; steps are counted from 0. */
  cutAtStep?: number;
  /** Paths that cannot be changed, with the errno's name. */
  refused?: ReadonlyMap<string, string>;
  /** Unless given, names that differ in letter case are different names. */
  letterCase?: LetterCase;
}

/** A file system in memory that can run full and lose its power between any two steps. */
export class MemoryFileSystem implements FileSystem {
  readonly #names: Names;
  readonly #options: MemoryFileSystemOptions;
  #steps = 0;
  #isCut = false;
  #clockMs: number;

  constructor(options: MemoryFileSystemOptions = {}, root: Directory = newDirectory(0), clockMs = 1_000_000) {
    this.#names = new Names(root, options.letterCase);
    this.#options = options;
    this.#clockMs = clockMs;
  }

  /** Changes made so far: before each of them the power could have gone. */
  get steps(): number {
    return this.#steps;
  }

  /** The same files, all of them on the disk: what is found after a kill, since the system goes on. */
  clone(options: MemoryFileSystemOptions = {}): MemoryFileSystem {
    const root = copyTree(
      this.#names.root,
      (directory) => directory.entries,
      (file) => settled(file, file.bytes, file.executable),
    );
    return new MemoryFileSystem({ ...this.#nature, ...options }, root, this.#clockMs + 1000);
  }

  /** What is found once the power came back. */
  afterPowerCut(random: () => number, options: MemoryFileSystemOptions = {}): MemoryFileSystem {
    const root = copyTree(
      this.#names.survivors(random),
      (directory) => directory.entries,
      (file) => settled(file, survivingBytes(file, random), random() < 0.5 ? file.executable : file.durableExecutable),
    );
    return new MemoryFileSystem({ ...this.#nature, ...options }, root, this.#clockMs + 1000);
  }

  absolute(path: string): string {
    return `/${path}`;
  }

  stat(path: string): Promise<FileStat | undefined> {
    const node = this.#names.find(path);
    return Promise.resolve(node && this.#statOf(node));
  }

  statAll(paths: readonly string[]): Promise<(FileStat | undefined)[]> {
    return Promise.all(paths.map((path) => this.stat(path)));
  }

  list(directory: string): Promise<DirectoryEntry[]> {
    const node = this.#names.find(directory);
    const entries = node?.kind === 'directory' ? [...node.entries] : [];
    const listed = entries.map(([name, entry]) => ({ name, kind: entry.kind }));
    return Promise.resolve(listed.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  read(path: string, range?: { offsetBytes: number; lengthBytes: number }): Promise<Uint8Array> {
    return promise(() => {
      const { bytes } = this.#file(path);
      const { offsetBytes = 0, lengthBytes = bytes.length } = range ?? {};
      return bytes.slice(offsetBytes, offsetBytes + lengthBytes);
    });
  }

  readLink(path: string): Promise<string> {
    return promise(() => {
      const node = this.#names.find(path);
      if (node?.kind !== 'link') throw new FileSystemError(node === undefined ? 'ENOENT' : 'EINVAL', path);
      return node.target;
    });
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#step(() => {
      this.#fill(this.#fileOrNew(path), bytes.slice(), path);
    });
  }

  writeAt(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    return this.#step(() => {
      const file = this.#file(path);
      if (bytes.length === 0) return;
      const changed = new Uint8Array(Math.max(file.bytes.length, offsetBytes + bytes.length));
      changed.set(file.bytes);
      changed.set(bytes, offsetBytes);
      this.#fill(file, changed, path);
    });
  }

  allocate(path: string, lengthBytes: number): Promise<void> {
    return this.#step(() => {
      const file = this.#fileOrNew(path);
      if (file.bytes.length === lengthBytes) return;
      const changed = new Uint8Array(lengthBytes);
      changed.set(file.bytes.subarray(0, lengthBytes));
      this.#fill(file, changed, path);
    });
  }

  copy(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const source = this.#file(from);
      const copy = this.#fileOrNew(to);
      this.#fill(copy, source.bytes.slice(), to);
      copy.executable = source.executable;
    });
  }

  link(from: string, to: string): Promise<boolean> {
    return this.#step(() => {
      const file = this.#file(from);
      if (this.#names.find(to) !== undefined) throw new FileSystemError('EEXIST', to);
      this.#names.apply([this.#change(to, file)]);
      return true;
    });
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#step(() => {
      if (this.#names.find(path) !== undefined) throw new FileSystemError('EEXIST', path);
      this.#names.apply([this.#change(path, { kind: 'link', target, mtimeMs: this.#nextMs() })]);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const node = this.#names.find(from);
      const replaced = this.#names.find(to);
      if (node === undefined) throw new FileSystemError('ENOENT', from);
      if (replaced === node) return;
      const isOntoDirectory = replaced?.kind === 'directory';
      if (isOntoDirectory && node.kind !== 'directory') throw new FileSystemError('EISDIR', to);
      if (isOntoDirectory && replaced.entries.size > 0) throw new FileSystemError('ENOTEMPTY', to);
      if (replaced !== undefined && !isOntoDirectory && node.kind === 'directory')
        throw new FileSystemError('ENOTDIR', to);
      this.#names.apply([this.#change(from, undefined), this.#change(to, node)]);
    });
  }

  remove(path: string): Promise<boolean> {
    return this.#step(() => {
      const node = this.#names.find(path);
      if (node === undefined || node.kind === 'directory') return false;
      this.#names.apply([this.#change(path, undefined)]);
      return true;
    });
  }

  removeDirectory(path: string): Promise<boolean> {
    return this.#step(() => {
      const node = this.#names.find(path);
      if (node?.kind !== 'directory' || node.entries.size > 0) return false;
      this.#names.apply([this.#change(path, undefined)]);
      return true;
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#step(() => {
      const node = this.#names.find(path);
      if (node?.kind === 'directory') return;
      if (node !== undefined) throw new FileSystemError('EEXIST', path);
      this.#names.apply([this.#change(path, newDirectory(this.#nextMs()))]);
    });
  }

  setExecutable(path: string, executable: boolean): Promise<void> {
    return this.#step(() => {
      this.#file(path).executable = executable;
    });
  }

  refusals(paths: readonly string[]): Promise<(string | undefined)[]> {
    return Promise.resolve(paths.map((path) => this.#options.refused?.get(path)));
  }

  async sync(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#step(() => {
        const file = this.#file(path);
        file.durableBytes = file.bytes;
        file.durableExecutable = file.executable;
      });
    }
  }

  async syncDirectories(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#step(() => {
        const node = this.#names.find(path);
        if (node?.kind === 'directory') this.#names.makeDurable(node);
      });
    }
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(Math.max(0, this.#capacityBytes - this.#usedBytes()));
  }

  /** What stays when the files are found again. */
  get #nature(): MemoryFileSystemOptions {
    const { letterCase } = this.#options;
    return letterCase === undefined ? {} : { letterCase };
  }

  get #capacityBytes(): number {
    return this.#options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
  }

  #step<T>(work: () => T): Promise<T> {
    return promise(() => {
      if (this.#steps >= (this.#options.cutAtStep ?? Number.POSITIVE_INFINITY)) this.#isCut = true;
      if (this.#isCut) throw new PowerCut(`power cut at step ${this.#steps}`);
      this.#steps += 1;
      return work();
    });
  }

  #change(path: string, node: Node | undefined): NameChange {
    const change = this.#names.changeOf(path, node);
    if (change === undefined) throw new FileSystemError('ENOENT', path);
    return change;
  }

  #file(path: string): File {
    const node = this.#names.find(path);
    if (node === undefined) throw new FileSystemError('ENOENT', path);
    if (node.kind !== 'file') throw new FileSystemError(node.kind === 'directory' ? 'EISDIR' : 'ELOOP', path);
    return node;
  }

  #fileOrNew(path: string): File {
    if (this.#names.find(path) === undefined) {
      const file: File = {
        kind: 'file',
        bytes: new Uint8Array(),
        durableBytes: new Uint8Array(),
        executable: false,
        durableExecutable: false,
        mtimeMs: this.#nextMs(),
      };
      this.#names.apply([this.#change(path, file)]);
    }
    return this.#file(path);
  }

  #fill(file: File, bytes: Uint8Array, path: string): void {
    if (this.#options.capacityBytes !== undefined) {
      const neededBytes = allocatedBytes(bytes) - allocatedBytes(file.bytes);
      if (neededBytes > 0 && this.#usedBytes() + neededBytes > this.#capacityBytes)
        throw new FileSystemError('ENOSPC', path);
    }
    file.bytes = bytes;
    file.mtimeMs = this.#nextMs();
  }

  #nextMs(): number {
    this.#clockMs += 1;
    return this.#clockMs;
  }

  #usedBytes(): number {
    return [...filesUnder(this.#names.root).keys()].reduce((sum, file) => sum + allocatedBytes(file.bytes), 0);
  }

  #statOf(node: Node): FileStat {
    const { kind, mtimeMs } = node;
    if (kind !== 'file')
      return { kind, lengthBytes: 0, allocatedBytes: 0, mtimeMs, executable: kind === 'directory', linkCount: 1 };
    return {
      kind,
      lengthBytes: node.bytes.length,
      allocatedBytes: allocatedBytes(node.bytes),
      mtimeMs,
      executable: node.executable,
      linkCount: filesUnder(this.#names.root).get(node) ?? 1,
    };
  }
}

/** How many names each file has. */
function filesUnder(directory: Directory, counts = new Map<File, number>()): Map<File, number> {
  for (const node of directory.entries.values()) {
    if (node.kind === 'directory') filesUnder(node, counts);
    else if (node.kind === 'file') counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

function promise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
