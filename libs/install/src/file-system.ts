export type FileKind = 'file' | 'directory' | 'link' | 'other';

export interface FileStat {
  kind: FileKind;
  lengthBytes: number;
  /** Room taken on disk: less than the length in a file with holes. */
  allocatedBytes: number;
  /** Last change of content, milliseconds since 1970 with the fraction that the file system keeps. */
  mtimeMs: number;
  /** May its owner run it? */
  executable: boolean;
  /** How many names the content has. */
  linkCount: number;
}

export interface DirectoryEntry {
  name: string;
  kind: FileKind;
}

/**
 * One directory tree, as the install engine needs it.
 *
 * Paths are relative to the tree's root, with `/` between names; `''` is the root. No operation follows a link in its last
 * name; the caller checks parents (see `parent-guard.ts`). Failures are Errors whose `code` is the name of the errno
 * (`ENOENT`, `ENOSPC`, …), as Node throws them.
 *
 * Nothing is durable before `sync` (content) and `syncDirectories` (names).
 */
export interface FileSystem {
  /** The path as the rest of the machine knows it, for piece stores and hash threads. */
  absolute(path: string): string;

  stat(path: string): Promise<FileStat | undefined>;
  /** As `stat`, for tens of thousands of paths at once; in the order asked. */
  statAll(paths: readonly string[]): Promise<(FileStat | undefined)[]>;
  /** Sorted by name; empty when there is no such directory. */
  list(directory: string): Promise<DirectoryEntry[]>;
  /** @returns fewer bytes than asked where the file ends sooner. */
  read(path: string, range?: { offsetBytes: number; lengthBytes: number }): Promise<Uint8Array>;
  readLink(path: string): Promise<string>;

  /** Creates the file or replaces its content. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes into a file that exists. */
  writeAt(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /** Creates the file when it is missing and gives it this length; what is new in it reads as zeros and takes no room yet. */
  allocate(path: string, lengthBytes: number): Promise<void>;
  /** Shares the blocks where the disk can; the copy is a file of its own either way. */
  copy(from: string, to: string): Promise<void>;
  /** @returns false where this disk has no hard links, or no more for this file. */
  link(from: string, to: string): Promise<boolean>;
  symlink(target: string, path: string): Promise<void>;
  /** Replaces a file or link at `to` in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or link. @returns false when there was none, or a directory is there. */
  remove(path: string): Promise<boolean>;
  /** @returns false when it is missing, no directory, or not empty. */
  removeDirectory(path: string): Promise<boolean>;
  /** Makes one directory; that it exists is no error. Its parent exists. */
  makeDirectory(path: string): Promise<void>;
  setExecutable(path: string, executable: boolean): Promise<void>;

  /**
   * Looks whether what is at these paths, or will be, could be replaced and removed now.
   *
   * @returns in the order asked, undefined where it could, otherwise the name of the errno: `EACCES`, `EPERM`, `EROFS`, `EBUSY`; `EXDEV`
   *   where another file system is mounted.
   */
  refusals(paths: readonly string[]): Promise<(string | undefined)[]>;

  /** Puts the content of these files on the disk itself. */
  sync(paths: readonly string[]): Promise<void>;
  /** Puts the names in these directories on the disk itself; those that are gone are passed over. */
  syncDirectories(paths: readonly string[]): Promise<void>;

  /** Room left for this user on the disk. */
  freeBytes(): Promise<number>;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** The directories above a path, outermost first, without the root. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    ancestors.push(path.slice(0, slash));
  return ancestors;
}

/** Is there the same content as before, as far as length and time of change tell? */
export function isSameFile(
  before: Pick<FileStat, 'kind' | 'lengthBytes' | 'mtimeMs'> | undefined,
  now: FileStat | undefined,
): boolean {
  if (before === undefined || now === undefined) return before === now;
  return before.kind === now.kind && before.lengthBytes === now.lengthBytes && before.mtimeMs === now.mtimeMs;
}

/** @returns the errno's name of a failed file operation, also when another error wraps it. */
export function errnoOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    const code = 'code' in cause ? cause.code : undefined;
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code;
  }
  return undefined;
}
