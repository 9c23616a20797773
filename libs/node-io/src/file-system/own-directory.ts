import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { InstallError, remedyFor, STATE_DIRECTORY } from '@swarmpatch/install';
import type { DiskFileSystem } from './disk-file-system.ts';

/**
 * Refuses an install whose own directory leads elsewhere: what is staged there has to get to its place by renaming, and what is
 * removed there has to be the launcher's.
 *
 * @throws {InstallError} `parent_is_link`, `file_refused`
 */
export async function refuseOwnElsewhere(files: DiskFileSystem): Promise<void> {
  const [own, root] = await Promise.all([lstatOf(files.absolute(STATE_DIRECTORY)), lstatOf(files.absolute(''))]);
  if (own === undefined || root === undefined) return;
  if (own.isSymbolicLink()) {
    throw new InstallError(
      'parent_is_link',
      `enter ${STATE_DIRECTORY}: found a link, wanted a directory of the install; take the link away, or put what it leads to in its place`,
      { path: STATE_DIRECTORY },
    );
  }
  const errno = own.isDirectory() ? (own.dev === root.dev ? undefined : 'EXDEV') : 'ENOTDIR';
  if (errno !== undefined) throw ownRefused(errno);
}

/** What a launcher says that may not write where it keeps its own files. */
export function ownRefused(errno: string, cause?: unknown): InstallError {
  return new InstallError(
    'file_refused',
    `lock the install: found ${errno} at ${STATE_DIRECTORY}, wanted to write there: ${remedyFor(errno)}`,
    { path: STATE_DIRECTORY, cause },
  );
}

function lstatOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}
