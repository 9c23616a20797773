import type { Manifest, ManifestFile } from '@swarmpatch/release';
import { forEachBounded } from './bounded.ts';
import { removeTree } from './durable-write.ts';
import type { FileHasher } from './file-hasher.ts';
import type { FileIndex } from './file-index.ts';
import { errnoOf, joinPath, parentOf, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { writeState, type InstallState } from './install-state.ts';
import { KEPT_DIRECTORY, LOCK_PATH, STATE_DIRECTORY, STATE_PATH } from './layout.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import { scanPaths } from './path-scan.ts';
import { listFiles } from './tree-listing.ts';

export interface UninstallInput {
  files: FileSystem;
  hasher: FileHasher;
  index: FileIndex;
  state: InstallState;
  /** Of the installed release. Absent when none was ever whole here, or when an earlier run has removed it. */
  manifest: Manifest | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface Uninstalled {
  removedFiles: number;
  removedBytes: number;
  /** Files of the release that the player changed; they stay where they are. */
  changed: string[];
  /** Files that no release owns. */
  extra: string[];
  /** Files of the player that earlier releases had to move aside; they stay in `.swarmpatch/kept`. */
  kept: string[];
}

/**
 * Removes the installed release and what the launcher knows of it; what the player put there stays. The launcher's own directory is
 * left with the lock, for whoever holds that.
 *
 * An uninstall that was cut off is finished by the next one. Until then the install counts as suspect, so an update makes it whole
 * again.
 *
 * @throws {InstallError} `parent_is_link`, `file_refused`
 */
export async function uninstall(input: UninstallInput): Promise<Uninstalled> {
  const { files, state, manifest } = input;
  const removed =
    manifest === undefined
      ? { removedFiles: 0, removedBytes: 0, changed: [] }
      : await removeRelease({ ...input, manifest });
  const { installed: _, ...forgotten } = state;
  await writeState(files, { ...forgotten, history: [], suspect: false });
  const changed = new Set(removed.changed);
  const extra = (await listFiles(files, '')).filter((path) => !changed.has(path));
  const kept = await listFiles(files, KEPT_DIRECTORY);
  await forgetInstall(files);
  return { ...removed, extra, kept };
}

async function removeRelease(
  input: UninstallInput & { manifest: Manifest },
): Promise<Pick<Uninstalled, 'removedFiles' | 'removedBytes' | 'changed'>> {
  const { files, state, manifest, index } = input;
  const target = { manifest, pieceLengthBytes: manifest.torrent.pieceLength };
  const scan = await scanPaths({ ...input, installed: manifest, target, depth: 'quick' });
  // What was read need not be read again by a run that finishes this one.
  await index.save(files);
  const owned: ManifestFile[] = [];
  const changed: string[] = [];
  for (const file of manifest.files) {
    if (scan.kindOf(file.path) === undefined) continue;
    if (scan.holds(file) || scan.isDecayed(file.path)) owned.push(file);
    else changed.push(file.path);
  }
  await writeState(files, { ...state, suspect: true });
  await forEachBounded(owned, async ({ path }) => {
    input.signal?.throwIfAborted();
    await removeOwned(files, path);
  });
  const directories = scan.directoriesLeftBy([]);
  await files.syncDirectories([...new Set(owned.map(({ path }) => parentOf(path)))]);
  for (const directory of directories) await files.removeDirectory(directory);
  await files.syncDirectories([...new Set(directories.map(parentOf))]);
  const removedBytes = owned.reduce((sum, { length }) => sum + length, 0);
  return { removedFiles: owned.length, removedBytes, changed };
}

async function removeOwned(files: FileSystem, path: string): Promise<void> {
  await refuseLinkedParents(files, [path]);
  try {
    await files.remove(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new InstallError(
      'file_refused',
      `remove ${path}: found ${errno}, wanted to remove it; close what uses the file or get the right to write it, then run uninstall again: it goes on`,
      { path, cause: error },
    );
  }
}

/** The state goes last: as long as it is there, the next run finishes this one. */
async function forgetInstall(files: FileSystem): Promise<void> {
  const spared = new Set([KEPT_DIRECTORY, LOCK_PATH, STATE_PATH]);
  for (const { name, kind } of await files.list(STATE_DIRECTORY)) {
    const path = joinPath(STATE_DIRECTORY, name);
    if (spared.has(path)) continue;
    if (kind === 'directory') await removeTree(files, path);
    else await files.remove(path);
  }
  await files.syncDirectories([STATE_DIRECTORY]);
  await files.remove(STATE_PATH);
  await files.syncDirectories([STATE_DIRECTORY]);
}
