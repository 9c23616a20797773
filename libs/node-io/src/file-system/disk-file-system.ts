import { constants, lstatSync, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import { syncPaths } from '../blob-store/durability.ts';
import { untilFree, USUAL_PATIENCE, type HeldFilePatience } from './held-files.ts';
import { WriteRefusals } from './write-refusals.ts';
import type { DirectoryEntry, FileKind, FileStat, FileSystem } from '@swarmpatch/install';

/** `lstat` answers in microseconds, its promise in tens of them: many are asked at once, with a breath in between. */
const STATS_AT_ONCE = 512;
const STAT_BLOCK_BYTES = 512;
const EXECUTE_BITS = 0o111;

/** The directory tree under one root of this machine. */
export class DiskFileSystem implements FileSystem {
  readonly root: string;
  readonly #patience: HeldFilePatience;

  /**
   * @param root Absolute path of a directory.
   * @param patience With files that somebody has open.
   */
  constructor(root: string, patience: HeldFilePatience = USUAL_PATIENCE) {
    this.root = root;
    this.#patience = patience;
  }

  absolute(path: string): string {
    return path === '' ? this.root : join(this.root, ...path.split('/'));
  }

  stat(path: string): Promise<FileStat | undefined> {
    return Promise.resolve(this.#stat(path));
  }

  async statAll(paths: readonly string[]): Promise<(FileStat | undefined)[]> {
    const stats: (FileStat | undefined)[] = [];
    for (const path of paths) {
      if (stats.length % STATS_AT_ONCE === STATS_AT_ONCE - 1) await setImmediate();
      stats.push(this.#stat(path));
    }
    return stats;
  }

  async list(directory: string): Promise<DirectoryEntry[]> {
    const entries = await unless(isMissing, () => fs.readdir(this.absolute(directory), { withFileTypes: true }), []);
    return entries
      .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async read(path: string, range?: { offsetBytes: number; lengthBytes: number }): Promise<Uint8Array> {
    if (range === undefined) return fs.readFile(this.absolute(path));
    const handle = await fs.open(this.absolute(path), 'r');
    try {
      const bytes = Buffer.allocUnsafe(range.lengthBytes);
      let filledBytes = 0;
      while (filledBytes < bytes.length) {
        const { bytesRead } = await handle.read(
          bytes,
          filledBytes,
          bytes.length - filledBytes,
          range.offsetBytes + filledBytes,
        );
        if (bytesRead === 0) break;
        filledBytes += bytesRead;
      }
      return bytes.subarray(0, filledBytes);
    } finally {
      await handle.close();
    }
  }

  readLink(path: string): Promise<string> {
    return fs.readlink(this.absolute(path));
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return fs.writeFile(this.absolute(path), bytes);
  }

  async writeAt(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const handle = await fs.open(this.absolute(path), 'r+');
    try {
      let writtenBytes = 0;
      while (writtenBytes < bytes.length) {
        const left = bytes.length - writtenBytes;
        writtenBytes += (await handle.write(bytes, writtenBytes, left, offsetBytes + writtenBytes)).bytesWritten;
      }
    } finally {
      await handle.close();
    }
  }

  async allocate(path: string, lengthBytes: number): Promise<void> {
    const handle = await fs.open(this.absolute(path), constants.O_RDWR | constants.O_CREAT);
    try {
      await handle.truncate(lengthBytes);
    } finally {
      await handle.close();
    }
  }

  copy(from: string, to: string): Promise<void> {
    return fs.copyFile(this.absolute(from), this.absolute(to), constants.COPYFILE_FICLONE);
  }

  async link(from: string, to: string): Promise<boolean> {
    return unless(isUnlinkable, () => fs.link(this.absolute(from), this.absolute(to)).then(() => true), false);
  }

  symlink(target: string, path: string): Promise<void> {
    return fs.symlink(target, this.absolute(path));
  }

  rename(from: string, to: string): Promise<void> {
    return untilFree(() => fs.rename(this.absolute(from), this.absolute(to)), this.#patience);
  }

  async remove(path: string): Promise<boolean> {
    const kind = this.#stat(path)?.kind;
    if (kind === undefined || kind === 'directory') return false;
    const unlink = () => untilFree(() => fs.unlink(this.absolute(path)), this.#patience);
    return unless(isMissing, () => unlink().then(() => true), false);
  }

  async removeDirectory(path: string): Promise<boolean> {
    const rmdir = () => untilFree(() => fs.rmdir(this.absolute(path)), this.#patience);
    return unless(isUnremovable, () => rmdir().then(() => true), false);
  }

  async makeDirectory(path: string): Promise<void> {
    try {
      await fs.mkdir(this.absolute(path));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || this.#stat(path)?.kind !== 'directory') throw error;
    }
  }

  async setExecutable(path: string, executable: boolean): Promise<void> {
    const handle = await fs.open(this.absolute(path), 'r');
    try {
      const mode = (await handle.stat()).mode & 0o777;
      // Whoever may read it may run it: what the umask denies to others stays denied.
      const wanted = executable ? mode | ((mode & 0o444) >> 2) : mode & ~EXECUTE_BITS;
      if (wanted !== mode) await handle.chmod(wanted);
    } finally {
      await handle.close();
    }
  }

  async refusals(paths: readonly string[]): Promise<(string | undefined)[]> {
    const refusals: (string | undefined)[] = [];
    const found = new WriteRefusals(this.root);
    for (const path of paths) {
      if (refusals.length % STATS_AT_ONCE === STATS_AT_ONCE - 1) await setImmediate();
      refusals.push(found.refusalOf(this.absolute(path)));
    }
    return refusals;
  }

  sync(paths: readonly string[]): Promise<void> {
    return syncPaths(
      paths.map((path) => this.absolute(path)),
      this.root,
    );
  }

  syncDirectories(paths: readonly string[]): Promise<void> {
    const present = paths.filter((path) => this.#stat(path)?.kind === 'directory').map((path) => this.absolute(path));
    return unless(isUnsyncable, () => syncPaths(present, this.root), undefined);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await fs.statfs(this.root);
    return bavail * bsize;
  }

  #stat(path: string): FileStat | undefined {
    let stats: Stats | undefined;
    try {
      stats = lstatSync(this.absolute(path), { throwIfNoEntry: false });
    } catch (error) {
      if (!isMissing(codeOf(error))) throw error;
    }
    if (stats === undefined) return undefined;
    return {
      kind: kindOf(stats),
      lengthBytes: stats.size,
      allocatedBytes: stats.blocks * STAT_BLOCK_BYTES,
      mtimeMs: stats.mtimeMs,
      executable: (stats.mode & 0o100) !== 0,
      linkCount: stats.nlink,
    };
  }
}

async function unless<T>(isExpected: (code: string) => boolean, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isExpected(codeOf(error))) return otherwise;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isMissing(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isUnlinkable(code: string): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS', 'EXDEV'].includes(code);
}

function isUnremovable(code: string): boolean {
  return isMissing(code) || code === 'ENOTEMPTY' || code === 'EEXIST';
}

/** Some network drives and Windows cannot sync a directory: there is nothing better to do. */
function isUnsyncable(code: string): boolean {
  return ['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(code);
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
