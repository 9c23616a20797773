import { forEachBounded } from './bounded.ts';
import { makeParents, removeTree } from './durable-write.ts';
import { FileIndex } from './file-index.ts';
import { ancestorsOf, errnoOf, isSameFile, joinPath, parentOf, type FileStat, type FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { InstallError } from './install-error.ts';
import { writeState, type InstallState } from './install-state.ts';
import { writeJournal, type Journal, type KeptFile, type Placement } from './journal.ts';
import { JOURNAL_PATH, KEPT_DIRECTORY, RELEASES_DIRECTORY, STATE_DIRECTORY } from './layout.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import { asDiskFull, inSpace } from './space.ts';
import { discardStaging, type SealedStaging } from './staging.ts';

export interface CommitResult {
  /** Files of the player that had to give way, and where they are now. */
  kept: KeptFile[];
  /** Paths that hold neither what was staged for them nor a staged file to take their place: somebody changed them meanwhile. */
  uncertain: string[];
}

/**
 * Puts a sealed staging into place. It is the old release until the journal is written, and the new one from then on,
 * whoever has to finish it.
 *
 * @param states What the install is before, and once all is done.
 * @throws {InstallError} `parent_is_link`, `file_refused`, `disk_full`; when thrown after the journal was written, the next
 *   command goes on from there.
 */
export async function commit(
  files: FileSystem,
  work: { inventory: Inventory; sealed: SealedStaging },
  states: { from: InstallState; to: Journal['state'] },
): Promise<CommitResult> {
  const journal = await inSpace('write the journal', async () => {
    const { inventory, sealed } = work;
    const changed = [...sealed.placements.map((placement) => placement.path), ...inventory.removed];
    await refuseLinkedParents(files, changed, new Set([...inventory.removed, ...inventory.inTheWay]));
    const planned = await planCommit(files, work, states);
    await writeJournal(files, planned);
    return planned;
  });
  return finishCommit(files, journal);
}

/** Does what the journal names and is not done yet; at the end the journal is gone. As often as it takes. */
export async function finishCommit(files: FileSystem, journal: Journal): Promise<CommitResult> {
  const { waiting, placed, uncertain } = await findPlaced(files, journal);
  // Placements begin only when all that comes before them is durable, so one that is done says that the first part is.
  if (placed.length === 0) await makeWay(files, journal);
  await place(files, journal, waiting);
  await changeModes(files, journal);
  await writeState(files, { ...journal.state, suspect: uncertain.length > 0 });
  await recordPlacements(files, journal, new Set(uncertain));
  await files.remove(JOURNAL_PATH);
  await files.syncDirectories([STATE_DIRECTORY]);
  await tidy(files, journal.state);
  const wasKept = await files.statAll(journal.kept.map((kept) => kept.to));
  return { kept: journal.kept.filter((_, index) => wasKept[index] !== undefined), uncertain };
}

/** Removes what no later command needs: staging, and the documents of releases that are neither installed nor the one before. */
async function tidy(files: FileSystem, state: InstallState): Promise<void> {
  await discardStaging(files);
  const needed = new Set([state.installed?.version, state.history[0]]);
  for (const entry of await files.list(RELEASES_DIRECTORY)) {
    if (!needed.has(entry.name)) await removeTree(files, joinPath(RELEASES_DIRECTORY, entry.name));
  }
}

async function planCommit(
  files: FileSystem,
  { inventory, sealed }: { inventory: Inventory; sealed: SealedStaging },
  states: { from: InstallState; to: Journal['state'] },
): Promise<Journal> {
  const inTheWay = await findInTheWay(files, inventory, sealed);
  const keptPaths = new Set(inTheWay);
  const directories = new Set<string>();
  for (const { path } of sealed.placements) for (const directory of ancestorsOf(path)) directories.add(directory);
  const ordered = [...directories].sort();
  const stats = await files.statAll(ordered);
  return {
    ...(states.from.installed === undefined ? {} : { from: states.from.installed }),
    state: states.to,
    removed: inventory.removed.filter((path) => !keptPaths.has(path)),
    leftDirectories: inventory.leftDirectories,
    kept: await nameKept(files, inventory.target.manifest.version, inTheWay),
    directories: ordered.filter((_, index) => stats[index]?.kind !== 'directory'),
    placements: sealed.placements,
    modes: sealed.modes,
  };
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

/** Every commit keeps files under a directory of its own, so that nothing kept is ever replaced. */
async function nameKept(files: FileSystem, version: string, paths: readonly string[]): Promise<KeptFile[]> {
  if (paths.length === 0) return [];
  const taken = new Set((await files.list(KEPT_DIRECTORY)).map((entry) => entry.name));
  let label = version;
  for (let attempt = 2; taken.has(label); attempt += 1) label = `${version}-${attempt}`;
  const above = new Set(paths.flatMap(ancestorsOf));
  return paths.map((path) => ({ path, to: `${KEPT_DIRECTORY}/${label}/${path}${above.has(path) ? '~' : ''}` }));
}

async function makeWay(files: FileSystem, journal: Journal): Promise<void> {
  await forEachDirectory(
    files,
    journal.removed,
    (path) => path,
    async (path) => {
      await naming('remove', path, () => files.remove(path));
    },
  );
  const stats = await files.statAll(journal.kept.map((kept) => kept.path));
  const isDirectory = (_: KeptFile, index: number): boolean => stats[index]?.kind === 'directory';
  const directories = journal.kept.filter(isDirectory);
  await moveAside(
    files,
    journal.kept.filter((kept) => !directories.includes(kept)),
  );
  for (const directory of journal.leftDirectories) {
    await refuseLinkedParents(files, [directory]);
    await naming('remove', directory, () => files.removeDirectory(directory));
  }
  await moveAside(files, directories);
  const changed = [...journal.removed, ...journal.leftDirectories, ...journal.kept.map((kept) => kept.path)];
  await files.syncDirectories([...new Set(changed.map(parentOf))]);
}

async function moveAside(files: FileSystem, keep: readonly KeptFile[]): Promise<void> {
  for (const { path, to } of keep) {
    await refuseLinkedParents(files, [path]);
    const isThere = (await files.stat(path)) !== undefined;
    if (isThere && (await files.stat(to)) === undefined) {
      await makeParents(files, to);
      await naming('move aside', path, () => files.rename(path, to));
    }
    // First the new name, then the loss of the old one: a power cut must not take both.
    await files.syncDirectories([parentOf(to)]);
  }
}

interface PlacementProgress {
  waiting: Placement[];
  placed: Placement[];
  /** Neither staged any more nor in place. */
  uncertain: string[];
}

async function findPlaced(files: FileSystem, journal: Journal): Promise<PlacementProgress> {
  const sources = await files.statAll(journal.placements.map((placement) => placement.from));
  const gone = journal.placements.filter((_, index) => sources[index] === undefined);
  const stats = await files.statAll(gone.map((placement) => placement.path));
  const isThere = (placement: Placement, index: number): boolean => isPlaced(placement, stats[index]);
  return {
    waiting: journal.placements.filter((_, index) => sources[index] !== undefined),
    placed: gone.filter(isThere),
    uncertain: gone.filter((placement, index) => !isThere(placement, index)).map((placement) => placement.path),
  };
}

async function place(files: FileSystem, journal: Journal, waiting: readonly Placement[]): Promise<void> {
  for (const directory of journal.directories) await naming('make', directory, () => files.makeDirectory(directory));
  await files.syncDirectories([...new Set(journal.directories.map(parentOf))]);
  await forEachDirectory(
    files,
    waiting,
    (placement) => placement.path,
    async ({ from, path }) => {
      await naming('replace', path, () => files.rename(from, path));
    },
  );
  await files.syncDirectories([...new Set(journal.placements.map((placement) => parentOf(placement.path)))]);
}

async function changeModes(files: FileSystem, journal: Journal): Promise<void> {
  await forEachDirectory(
    files,
    journal.modes,
    (mode) => mode.path,
    async ({ path, executable }) => {
      if ((await files.stat(path))?.kind !== 'file') return;
      await naming('change the mode of', path, () => files.setExecutable(path, executable));
      await files.sync([path]);
    },
  );
}

/** The index only saves time, so a full disk is no reason to leave a commit undone. */
async function recordPlacements(files: FileSystem, journal: Journal, uncertain: ReadonlySet<string>): Promise<void> {
  const index = await FileIndex.load(files);
  for (const path of journal.removed) index.forget(path);
  for (const { path, lengthBytes, mtimeMs, piecesRoot } of journal.placements) {
    if (piecesRoot !== undefined && !uncertain.has(path)) index.record(path, { lengthBytes, mtimeMs }, piecesRoot);
  }
  try {
    await index.save(files);
  } catch (error) {
    if (!(error instanceof InstallError && error.code === 'disk_full')) throw error;
  }
}

/** Works directory by directory, each looked at for links right before. */
async function forEachDirectory<T>(
  files: FileSystem,
  items: readonly T[],
  pathOf: (item: T) => string,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const directory = parentOf(pathOf(item));
    const group = groups.get(directory);
    if (group === undefined) groups.set(directory, [item]);
    else group.push(item);
  }
  for (const group of groups.values()) {
    await refuseLinkedParents(files, group.slice(0, 1).map(pathOf));
    await forEachBounded(group, work);
  }
}

function isPlaced(placement: Placement, stat: FileStat | undefined): boolean {
  if (stat === undefined) return false;
  if (stat.kind === 'link') return placement.piecesRoot === undefined;
  return stat.kind === 'file' && stat.lengthBytes === placement.lengthBytes && stat.mtimeMs === placement.mtimeMs;
}

/** A refusal of the file system names the file and says that nothing is lost. */
async function naming<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const full = asDiskFull(`${doing} ${path}`, error);
    if (full instanceof InstallError) throw full;
    throw new InstallError(
      'file_refused',
      `${doing} ${path}: found ${errno}, wanted to change it; close what uses the file or get the right to write it, then run any command: it finishes the update`,
      { path, cause: error },
    );
  }
}
