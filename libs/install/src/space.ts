import type { Manifest } from '@swarmpatch/release';
import { errnoOf, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { STATE_DIRECTORY } from './layout.ts';

/** Besides file content: directories, and what the file system keeps for itself. */
export const SPARE_SPACE_BYTES: number = 256 * 1024;
/** Journal, index, names and directory entries of one file, generously. */
export const SPACE_PER_FILE_BYTES = 1024;

export const SPACE_PER_DIRECTORY_BYTES = 4096;

/** In the torrent, which is kept beside the manifest, and in what is remembered of a download. */
export const SPACE_PER_PIECE_BYTES = 64;

/**
 * Free space that content may take, once journal, index, names and documents of a release have theirs; negative where those do not
 * fit.
 */
export async function spaceForContent(files: FileSystem, target: Manifest): Promise<number> {
  const { bytes, torrent } = target;
  const fileCount = target.files.length;
  const pieceCount = Math.ceil(bytes / torrent.pieceLength) + fileCount;
  const ownBytes = fileCount * SPACE_PER_FILE_BYTES + pieceCount * SPACE_PER_PIECE_BYTES + SPARE_SPACE_BYTES;
  return (await files.freeBytes()) - ownBytes;
}

/**
 * Refuses an update that cannot end well, before anything is changed.
 *
 * @param idleBytes Room of what would give way to it.
 * @throws {InstallError} `disk_full`
 */
export async function refuseWithoutSpace(
  files: FileSystem,
  target: Manifest,
  scratchBytes: number,
  idleBytes = 0,
): Promise<void> {
  const spaceBytes = (await spaceForContent(files, target)) + idleBytes;
  if (spaceBytes >= scratchBytes) return;
  const missingBytes = scratchBytes - spaceBytes;
  throw new InstallError(
    'disk_full',
    `make room for the release: found space for ${spaceBytes} bytes of content, wanted ${scratchBytes}; free ${missingBytes} more bytes, nothing was changed`,
    { missingBytes },
  );
}

/**
 * Refuses to begin what a full disk would leave half done.
 *
 * @throws {InstallError} `disk_full`
 */
export async function refuseShort(files: FileSystem, wantedBytes: number): Promise<void> {
  const freeBytes = await files.freeBytes();
  if (freeBytes >= wantedBytes) return;
  const missingBytes = wantedBytes - freeBytes;
  throw new InstallError(
    'disk_full',
    `commit the release: found ${freeBytes} bytes free, wanted ${wantedBytes}; free ${missingBytes} more bytes and run the command again, nothing was changed and what is staged is kept`,
    { missingBytes },
  );
}

/** Runs work that writes; a full disk becomes the named error. */
export async function inSpace<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDiskFull(doing, error);
  }
}

/** @returns `disk_full` when the error says that the disk or the user's share of it is full, otherwise the error itself. */
export function asDiskFull(doing: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno !== 'ENOSPC' && errno !== 'EDQUOT') return error;
  return new InstallError(
    'disk_full',
    `${doing}: found the disk full, wanted room in ${STATE_DIRECTORY}; free some space and run the command again, what is there already is kept`,
    { cause: error },
  );
}
