import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import {
  FILE_COUNT_MAX,
  comparePaths,
  describePathProblem,
  findPathCollisions,
  findPathProblem,
  linkTextTo,
  targetOfLink,
} from '@swarmpatch/metainfo';

import { ScanError, systemCode, unreadable } from './scan-error.ts';

/** Between two yields to the event loop. Calls that wait are ten times slower here than calls that block. */
const ENTRIES_PER_TURN = 500;

export interface ScannedFile {
  /** Relative to the root, separated by `/`; of a lone file, its name. */
  readonly path: string;
  readonly absolutePath: string;
  /** 0 for links. */
  readonly lengthBytes: number;
  readonly mtimeMs: number;
  readonly executable: boolean;
  /** What a link says, relative to its own directory; never leaves the root. */
  readonly symlink?: string;
}

export interface ScanOptions {
  /** How many files and links were found so far. */
  readonly onProgress?: ((progress: { readonly files: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the files and links under a directory, or a lone file, in torrent order. Empty directories are left out.
 *
 * @throws {ScanError} for anything that not every player's system could hold, or that cannot be read
 */
export async function scanTree(root: string, options: ScanOptions = {}): Promise<ScannedFile[]> {
  const files: ScannedFile[] = [];
  await walkTree(root, options, (file) => files.push(file));
  const [collision] = findPathCollisions(
    files.map((file) => file.path),
    1,
  );
  if (collision) {
    throw new ScanError(
      'path_collision',
      collision.path,
      `scan ${quote(collision.path)}: it and ${quote(collision.with)} are one file on systems that ignore case or Unicode form; rename one`,
    );
  }
  return files;
}

/**
 * Visits the files and links under a directory, or a lone file, in torrent order, and keeps none of them. Paths that are one on some
 * systems are the caller's to find.
 *
 * @throws {ScanError} As `scanTree` does.
 */
export async function walkTree(root: string, options: ScanOptions, visit: (file: ScannedFile) => void): Promise<void> {
  const top = resolve(root);
  const stats = statRoot(top, root);
  if (stats.isFile()) visit(scanFile(basename(top), top, stats));
  else if (stats.isDirectory()) await new Scan(top, options, visit).directory('');
  else throw unsupported(root, stats);
}

class Scan {
  readonly #top: string;
  readonly #options: ScanOptions;
  readonly #visit: (file: ScannedFile) => void;
  #entries = 0;
  #files = 0;

  constructor(top: string, options: ScanOptions, visit: (file: ScannedFile) => void) {
    this.#top = top;
    this.#options = options;
    this.#visit = visit;
  }

  async directory(path: string): Promise<void> {
    const absolutePath = join(this.#top, path);
    for (const name of attempt(path, () => readdirSync(absolutePath)).sort(comparePaths)) {
      this.#entries += 1;
      if (this.#entries % ENTRIES_PER_TURN === 0) {
        this.#options.onProgress?.({ files: this.#files });
        await setImmediate();
      }
      this.#options.signal?.throwIfAborted();
      await this.#entry(path === '' ? name : `${path}/${name}`);
    }
  }

  async #entry(path: string): Promise<void> {
    checkName(path);
    const absolutePath = join(this.#top, path);
    const stats = attempt(path, () => lstatSync(absolutePath));
    if (stats.isDirectory()) {
      await this.directory(path);
      return;
    }
    if (this.#files >= FILE_COUNT_MAX) {
      throw new ScanError(
        'too_many_files',
        path,
        `scan ${quote(path)}: found more than ${FILE_COUNT_MAX} files; pack some of them together`,
      );
    }
    this.#files += 1;
    this.#visit(stats.isSymbolicLink() ? scanLink(path, absolutePath, stats) : scanFile(path, absolutePath, stats));
  }
}

function statRoot(top: string, given: string): Stats {
  return attempt(given, () => statSync(top));
}

function scanFile(path: string, absolutePath: string, stats: Stats): ScannedFile {
  if (!stats.isFile()) throw unsupported(path, stats);
  checkName(path);
  // Opening is the one test that means the same on every system.
  attempt(path, () => {
    closeSync(openSync(absolutePath, 'r'));
  });
  return {
    path,
    absolutePath,
    lengthBytes: stats.size,
    mtimeMs: stats.mtimeMs,
    executable: (stats.mode & constants.S_IXUSR) !== 0,
  };
}

function scanLink(path: string, absolutePath: string, stats: Stats): ScannedFile {
  const text = attempt(path, () => readlinkSync(absolutePath));
  const target = targetOfLink(path, sep === '/' ? text : text.replaceAll(sep, '/'));
  const problem = target === undefined ? undefined : findPathProblem(target);
  if (target === undefined || problem) {
    throw new ScanError(
      'link_outside',
      path,
      `scan link ${quote(path)}: it points to ${quote(text)}, a relative target inside the directory is wanted; replace the link by the file`,
    );
  }
  return {
    path,
    absolutePath,
    lengthBytes: 0,
    mtimeMs: stats.mtimeMs,
    executable: false,
    symlink: linkTextTo(path, target),
  };
}

/** A name that is not UTF-8 on disk arrives with U+FFFD in it, and could not be opened by what we would write down. */
function checkName(path: string): void {
  const problem = path.includes('\uFFFD') ? 'not_unicode' : findPathProblem(path);
  if (problem)
    throw new ScanError(
      'unportable_path',
      path,
      `scan ${quote(path)}: the path ${describePathProblem(problem)}; rename it`,
    );
}

function unsupported(path: string, stats: Stats): ScanError {
  const kind = stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a pipe' : 'a device';
  return new ScanError(
    'unsupported_file',
    path,
    `scan ${quote(path)}: found ${kind}; only files, directories and links can be published`,
  );
}

function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw unreadable(path, systemCode(error), error);
  }
}

function quote(path: string): string {
  return JSON.stringify(path);
}
