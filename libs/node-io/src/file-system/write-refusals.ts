import { accessSync, closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { getuid, platform } from 'node:process';

/** In such a directory only its owner and that of a file may rename or remove the file. */
const STICKY_BIT = 0o1000;

/**
 * Tells whether entries below a directory could be replaced and removed, without trying. Each directory is asked once.
 *
 * Immutable files (chattr +i) are told apart even for root: the system denies write access to them with EPERM, as it does with nothing else.
 */
export class WriteRefusals {
  readonly #root: string;
  readonly #device: number | undefined;
  readonly #directories = new Map<string, AskedDirectory>();

  constructor(root: string) {
    this.#root = root;
    this.#device = statsOf(root)?.dev;
  }

  /** @returns the name of the errno, undefined where nothing is in the way. */
  refusalOf(absolutePath: string): string | undefined {
    const directory = this.#ask(dirname(absolutePath));
    if (directory.refusal !== undefined) return directory.refusal;
    let stats: Stats | undefined;
    try {
      stats = lstatSync(absolutePath, { throwIfNoEntry: false });
    } catch (error) {
      // Whether a name is too long depends on the disk, and on where the install is.
      return codeOf(error) === 'ENAMETOOLONG' ? 'ENAMETOOLONG' : undefined;
    }
    return stats && refusalOfEntry(absolutePath, stats, directory.stats);
  }

  #ask(path: string): AskedDirectory {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const stats = statsOf(path);
    const asked = { stats, refusal: this.#refusalOfDirectory(path, stats) };
    this.#directories.set(path, asked);
    return asked;
  }

  /** One that is missing will be made in the one above. */
  #refusalOfDirectory(path: string, stats: Stats | undefined): string | undefined {
    if (stats?.isDirectory() !== true) return path === this.#root ? undefined : this.refusalOf(path);
    if (stats.dev !== this.#device) return 'EXDEV';
    return accessRefusal(path, constants.W_OK | constants.X_OK);
  }
}

interface AskedDirectory {
  stats: Stats | undefined;
  refusal: string | undefined;
}

function refusalOfEntry(path: string, stats: Stats, directory: Stats | undefined): string | undefined {
  if (stats.isSymbolicLink()) return undefined;
  const user = getuid?.();
  const isSticky = directory !== undefined && (directory.mode & STICKY_BIT) !== 0;
  if (isSticky && user !== 0 && user !== directory.uid && user !== stats.uid) return 'EPERM';
  if (platform === 'win32') return stats.isFile() ? openRefusal(path) : undefined;
  const refusal = accessRefusal(path, constants.W_OK);
  // A file is replaced through its directory, whatever its own mode. One with names below it has to be written to, to be moved.
  return stats.isDirectory() || refusal === 'EPERM' ? refusal : undefined;
}

function accessRefusal(path: string, mode: number): string | undefined {
  return refusalOfCall(() => {
    accessSync(path, mode);
  });
}

/** Windows refuses to open what is read-only or what another program holds. */
function openRefusal(path: string): string | undefined {
  return refusalOfCall(() => {
    closeSync(openSync(path, 'r+'));
  });
}

function refusalOfCall(call: () => void): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
