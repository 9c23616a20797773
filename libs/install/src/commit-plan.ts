import { foldPath } from '@swarmpatch/metainfo';
import { ancestorsOf, isSameFile, type FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import type { HistoryEntry } from './history.ts';
import type { InstallState } from './install-state.ts';
import type { Journal } from './journal.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import { refuseUnfit, spaceForRewrites } from './rewriting.ts';
import { refuseShort, SPACE_PER_DIRECTORY_BYTES, SPACE_PER_FILE_BYTES } from './space.ts';
import type { SealedStaging } from './staging.ts';
import { describeFound, nameKept } from './strangers.ts';
import { chooseUndo, type UndoFile } from './undo.ts';
import { refuseUnchangeable } from './write-guard.ts';

/** What an install is before a commit, and once all is done. */
export interface CommitStates {
  from: InstallState;
  to: Journal['state'];
  /** With it the move is remembered, and content is kept to go back to. */
  entry?: HistoryEntry;
}

/**
 * Everything that a commit is going to do, as far as nothing keeps it from being done to the end.
 *
 * @returns with the room that it takes.
 * @throws {InstallError} `parent_is_link`, `staged_damaged`, `file_refused`, `disk_full`
 */
export async function planCommit(
  files: FileSystem,
  { inventory, sealed }: { inventory: Inventory; sealed: SealedStaging },
  states: CommitStates,
): Promise<{ journal: Journal; neededBytes: number }> {
  const { rewrites } = sealed;
  const changed = [...sealed.placements, ...rewrites].map(({ path }) => path);
  const givenUp = new Set([...inventory.removed, ...inventory.inTheWay]);
  await refuseLinkedParents(files, [...changed, ...inventory.removed], givenUp);
  await refuseUnfit(files, inventory, rewrites);
  const inTheWay = await findInTheWay(files, inventory, sealed);
  const keptPaths = new Set(inTheWay);
  const directories = await findMissing(files, sealed, inventory.leftDirectories);
  const reached = [...changed, ...inventory.removed, ...inTheWay, ...inventory.leftDirectories, ...directories];
  await refuseUnchangeable(files, reached);
  const journalBytes = (reached.length + sealed.modes.length) * SPACE_PER_FILE_BYTES;
  const neededBytes =
    (directories.length + 1) * SPACE_PER_DIRECTORY_BYTES +
    journalBytes +
    (await spaceForRewrites(files, inventory, rewrites));
  await refuseShort(files, neededBytes);
  const replaced = sealed.placements.map(({ path }) => path);
  const leaving = new Set([...inventory.removed, ...replaced].filter((path) => !keptPaths.has(path)));
  const journal: Journal = {
    // A release whose manifest is lost owns nothing, and the journal cannot be bound to it.
    ...(states.from.installed === undefined || inventory.installed === undefined
      ? {}
      : { from: states.from.installed }),
    state: states.to,
    ...(states.entry === undefined ? {} : { entry: states.entry }),
    found: await describeFound(files, [...leaving]),
    undo: states.entry === undefined ? [] : await undoInSpace(files, chooseUndo(inventory, leaving), neededBytes),
    removed: inventory.removed.filter((path) => !keptPaths.has(path)),
    leftDirectories: inventory.leftDirectories,
    kept: await nameKept(files, inventory.target.manifest.version, inTheWay),
    directories,
    placements: sealed.placements,
    rewrites,
    modes: sealed.modes,
  };
  return { journal, neededBytes };
}

/**
 * Directories above what is placed that are not there once way is made, outermost first. Where names fold, one that goes and one that
 * is wanted may be the same.
 */
async function findMissing(
  files: FileSystem,
  { placements }: SealedStaging,
  leaving: readonly string[],
): Promise<string[]> {
  const directories = new Set<string>();
  for (const { path } of placements) for (const directory of ancestorsOf(path)) directories.add(directory);
  const ordered = [...directories].sort();
  const stats = await files.statAll(ordered);
  const gone = new Set(leaving.map(foldPath));
  return ordered.filter((directory, index) => stats[index]?.kind !== 'directory' || gone.has(foldPath(directory)));
}

/** Names take room, too: none are made where the commit itself needs it. */
async function undoInSpace(files: FileSystem, undo: UndoFile[], neededBytes: number): Promise<UndoFile[]> {
  const namesBytes = 2 * SPACE_PER_DIRECTORY_BYTES + undo.length * SPACE_PER_FILE_BYTES;
  return (await files.freeBytes()) < neededBytes + namesBytes ? [] : undo;
}

/** What the inventory found in the way, and what came or changed while the release was fetched. */
async function findInTheWay(files: FileSystem, inventory: Inventory, sealed: SealedStaging): Promise<string[]> {
  const inTheWay = new Set(inventory.inTheWay);
  const paths = [...sealed.placements.map((placement) => placement.path), ...inventory.removed];
  const stats = await files.statAll(paths);
  for (const [index, path] of paths.entries()) {
    const stat = stats[index];
    if (stat !== undefined && !isSameFile(inventory.scan.statOf(path), stat)) inTheWay.add(path);
  }
  return [...inTheWay].sort();
}
