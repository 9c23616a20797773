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
import { listFiles, listOwn } from './tree-listing.ts';
import { refuseUnchangeable, remedyFor } from './write-guard.ts';

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
 * What could not be removed is looked for before the first file goes. An uninstall that was cut off is finished by the next one. Until
 * then the install counts as suspect, so an update makes it whole again.
 *
 * @throws {InstallError} `parent_is_link`, `file_refused`
 */
export async function uninstall(input: UninstallInput): Promise<Uninstalled> {
  const { files, state } = input;
  const found = await findInstalled(input);
  const owned = found.owned.map(({ path }) => path);
  await refuseUnchangeable(files, [...owned, ...found.directories, ...(await listOwn(files))]);
  await writeState(files, { ...state, suspect: true });
  await forEachBounded(owned, async (path) => {
    input.signal?.throwIfAborted();
    await removeOwned(files, path);
  });
  await files.syncDirectories([...new Set(owned.map(parentOf))]);
  for (const directory of found.directories) await orRefuse(directory, () => files.removeDirectory(directory));
  await files.syncDirectories([...new Set(found.directories.map(parentOf))]);
  const { installed: _, ...forgotten } = state;
  await writeState(files, { ...forgotten, history: [], suspect: false });
  const kept = await listFiles(files, KEPT_DIRECTORY);
  await forgetInstall(files);
  const removedBytes = found.owned.reduce((sum, { length }) => sum + length, 0);
  return { removedFiles: owned.length, removedBytes, changed: found.changed, extra: found.extra, kept };
}

interface FoundInstall extends Pick<Uninstalled, 'changed' | 'extra'> {
  /** What goes. */
  owned: ManifestFile[];
  /** Of the release, that hold nothing else; deepest first. */
  directories: string[];
}

async function findInstalled(input: UninstallInput): Promise<FoundInstall> {
  const { files, manifest, index } = input;
  if (manifest === undefined) return { owned: [], directories: [], changed: [], extra: await listFiles(files, '') };
  const target = { manifest, pieceLengthBytes: manifest.torrent.pieceLength };
  const scan = await scanPaths({ ...input, installed: manifest, target, depth: 'quick' });
  // What was read need not be read again by a run that finishes this one.
  await index.save(files);
  const there = manifest.files.filter((file) => scan.kindOf(file.path) !== undefined);
  const owned = there.filter((file) => scan.holds(file) || scan.isDecayed(file.path));
  const going = new Set(owned.map(({ path }) => path));
  const changed = new Set(there.map(({ path }) => path).filter((path) => !going.has(path)));
  const staying = (await listFiles(files, '')).filter((path) => !going.has(path));
  const extra = staying.filter((path) => !changed.has(path));
  return { owned, directories: scan.directoriesLeftBy(staying), changed: [...changed], extra };
}

async function removeOwned(files: FileSystem, path: string): Promise<void> {
  await refuseLinkedParents(files, [path]);
  await orRefuse(path, () => files.remove(path));
}

/** What was free to go when it was asked, and is not any more. */
async function orRefuse(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new InstallError(
      'file_refused',
      `remove ${path}: found ${errno}, wanted to remove it: ${remedyFor(errno)}; then run uninstall again: it goes on`,
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
