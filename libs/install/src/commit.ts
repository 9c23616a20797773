import { forEachBounded } from './bounded.ts';
import { makeParents } from './durable-write.ts';
import { FileIndex } from './file-index.ts';
import { planCommit, type CommitStates } from './commit-plan.ts';
import { parentOf, type FileSystem } from './file-system.ts';
import { addToHistory } from './history.ts';
import type { Inventory } from './inventory.ts';
import { InstallError } from './install-error.ts';
import { writeState } from './install-state.ts';
import { writeJournal, type Journal, type KeptFile, type Placement } from './journal.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import { naming } from './refusals.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { rewriteFiles } from './rewriting.ts';
import { inSpace } from './space.ts';
import type { SealedStaging } from './staging.ts';
import { findStrangers, isAsStaged, spareStrangers } from './strangers.ts';
import { closeJournal } from './tidying.ts';
import { keepOldPieces } from './undo-pieces.ts';
import { keepUndo } from './undo.ts';

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
 * @throws {InstallError} `parent_is_link`, `file_refused`, `disk_full`; when thrown after the journal was written, the next
 *   command goes on from there.
 */
export async function commit(
  files: FileSystem,
  work: { inventory: Inventory; sealed: SealedStaging },
  states: CommitStates,
): Promise<CommitResult> {
  const journal = await inSpace('write the journal', async () => {
    const planned = await planCommit(files, work, states);
    const { rewrites } = planned.journal;
    const old = { inventory: work.inventory, rewrites, roomBytes: planned.neededBytes };
    if (states.entry !== undefined) await keepOldPieces(files, states.entry.atMs, old);
    await writeJournal(files, planned.journal);
    return planned.journal;
  });
  return finishCommit(files, journal, { target: work.inventory.target, base: 'as_checked' });
}

/** What rewriting goes by. */
export interface RewriteSource {
  target: ReleasePieces;
  /** Was the rest of the rewritten files seen as it should be, by this process? */
  base: 'as_checked' | 'unknown';
}

/** Does what the journal names and is not done yet; at the end the journal is gone, and what was staged. As often as it takes. */
export async function finishCommit(
  files: FileSystem,
  journal: Journal,
  source: RewriteSource | undefined,
): Promise<CommitResult> {
  const { waiting, placed, uncertain } = await findPlaced(files, journal);
  // Placements begin only when all that comes before them is durable, so one that is done says that the first part is.
  if (placed.length === 0) {
    const spared = await spareStrangers(files, journal);
    if (spared.entry !== undefined) await keepUndo(files, spared.entry.atMs, spared.undo);
    await makeWay(files, spared);
  }
  const strangers = await findStrangers(files, journal, waiting);
  await moveAside(files, strangers);
  await place(files, journal, waiting);
  if (source !== undefined) uncertain.push(...(await rewriteFiles(files, journal.rewrites, source.target)));
  await changeModes(files, journal);
  await writeState(files, { ...journal.state, suspect: uncertain.length > 0 });
  if (journal.entry !== undefined) await addToHistory(files, journal.entry);
  await recordContent(files, journal, { uncertain: new Set(uncertain), base: source?.base ?? 'unknown' });
  await closeJournal(files, journal);
  return { kept: await findKept(files, [...journal.kept, ...strangers]), uncertain };
}

/** @returns those that are where they were to be moved. */
export async function findKept(files: FileSystem, kept: readonly KeptFile[]): Promise<KeptFile[]> {
  const stats = await files.statAll(kept.map(({ to }) => to));
  return kept.filter((_, index) => stats[index] !== undefined);
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
  /** Neither in place nor staged as it was when it was checked. */
  uncertain: string[];
}

async function findPlaced(files: FileSystem, journal: Journal): Promise<PlacementProgress> {
  const sources = await files.statAll(journal.placements.map((placement) => placement.from));
  const gone = journal.placements.filter((_, index) => sources[index] === undefined);
  const stats = await files.statAll(gone.map((placement) => placement.path));
  const isThere = (placement: Placement, index: number): boolean => isAsStaged(placement, stats[index]);
  const spoilt = journal.placements.filter(
    (placement, index) => sources[index] !== undefined && !isAsStaged(placement, sources[index]),
  );
  const lost = gone.filter((placement, index) => !isThere(placement, index));
  return {
    waiting: journal.placements.filter((_, index) => sources[index] !== undefined),
    placed: gone.filter(isThere),
    uncertain: [...spoilt, ...lost].map((placement) => placement.path),
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
async function recordContent(
  files: FileSystem,
  journal: Journal,
  { uncertain, base }: { uncertain: ReadonlySet<string>; base: RewriteSource['base'] },
): Promise<void> {
  const index = await FileIndex.load(files);
  for (const path of journal.removed) index.forget(path);
  for (const { path, lengthBytes, mtimeMs, piecesRoot } of journal.placements) {
    if (piecesRoot !== undefined && !uncertain.has(path)) index.record(path, { lengthBytes, mtimeMs }, piecesRoot);
  }
  for (const { path, piecesRoot } of journal.rewrites) {
    index.forget(path);
    const stat = await files.stat(path);
    if (stat !== undefined && base === 'as_checked' && !uncertain.has(path)) index.record(path, stat, piecesRoot);
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
