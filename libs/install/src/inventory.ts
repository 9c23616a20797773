import { foldPath } from '@swarmpatch/metainfo';
import {
  planUpdate,
  type FileAtHand,
  type PatchSource,
  type PlanConditions,
  type PlanInput,
  type UpdatePlan,
} from '@swarmpatch/plan';
import type { Manifest, ManifestFile } from '@swarmpatch/release';
import type { FileIndex } from './file-index.ts';
import { fetchedAtHand } from './fetched-at-hand.ts';
import type { FileTask } from './file-task.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { scanPaths, type PathScan } from './path-scan.ts';
import { findHeldPieces, findStagedPieces, type StagedPiecesInput } from './staged-pieces.ts';
import { findUndo, isUndoPath } from './undo.ts';

/** Everything that moving an install to a target release has to do, as found on disk. Nothing is changed yet. */
export interface Inventory {
  installed: Manifest | undefined;
  target: ReleasePieces;
  /** What stood where when the inventory was taken. */
  scan: PathScan;
  /** Were recorded lengths and times believed, or every file read? */
  depth: InventoryInput['depth'];
  /** One for each of the target's files. */
  tasks: FileTask[];
  /** Owned paths, on disk as installed, that the target does not have. */
  removed: string[];
  /** Things of the player's, and owned files that the player changed, at paths that the target takes or clears. */
  inTheWay: string[];
  /** Directories of the installed release that the target does not need, deepest first. */
  leftDirectories: string[];
  /** Files of the target that are shown before the commit, and so have to be whole before it. */
  shownEarly: ReadonlySet<number>;
}

export interface InventoryInput extends StagedPiecesInput {
  index: FileIndex;
  installed: Manifest | undefined;
  /** None unless given. */
  shownEarly?: ReadonlySet<number> | undefined;
}

/**
 * Finds for every file of the target where its content is.
 *
 * @throws {InstallError} `parent_is_link`
 */
export async function takeInventory(input: InventoryInput): Promise<Inventory> {
  const { target, installed } = input;
  const scan = await scanPaths({ ...input, further: await findUndo(input.files, target.manifest) });
  const installedRoots = new Map<string, ManifestFile>(installed?.files.map((file) => [file.path, file]));
  const targetPaths = new Set(target.manifest.files.map((file) => file.path));
  const removedKeys = new Set<string>();
  for (const path of installedRoots.keys()) if (!targetPaths.has(path)) removedKeys.add(foldPath(path));

  const isInPlace = (file: ManifestFile): boolean =>
    scan.holds(file) && !(removedKeys.size > 0 && removedKeys.has(foldPath(file.path)));
  const stays = new Set(target.manifest.files.filter(isInPlace).map((file) => file.path));

  const givenUp = new Map<string, string>();
  const staying = new Map<string, string>();
  for (const [path, root] of scan.roots) {
    const isAsInstalled = installedRoots.get(path)?.piecesRoot === root;
    if (isUndoPath(path) || (isAsInstalled && !stays.has(path))) givenUp.set(root, path);
    else staying.set(root, path);
  }

  const firstWithRoot = new Map<string, number>();
  const tasks: FileTask[] = [];
  for (const [fileIndex, file] of target.manifest.files.entries()) {
    tasks.push(taskOf(file, fileIndex));
  }
  function taskOf(file: ManifestFile, fileIndex: number): FileTask {
    if (stays.has(file.path)) return { kind: 'unchanged', executableIsWrong: scan.executableIsWrong(file) };
    if (file.piecesRoot === undefined) return { kind: 'created', symlink: file.symlink };
    const given = givenUp.get(file.piecesRoot);
    if (given !== undefined) {
      givenUp.delete(file.piecesRoot);
      staying.set(file.piecesRoot, given);
      return { kind: 'moved', from: given };
    }
    const from = staying.get(file.piecesRoot);
    if (from !== undefined) return { kind: 'copied', from };
    const first = firstWithRoot.get(file.piecesRoot);
    if (first !== undefined) return { kind: 'repeated', ofFile: first };
    firstWithRoot.set(file.piecesRoot, fileIndex);
    return { kind: 'fetched', held: [], staged: [], allocatedBytes: 0 };
  }

  await findStagedPieces(input, tasks);
  const obstacles = findObstacles(scan, installedRoots, targetPaths, stays);
  const { shownEarly = new Set<number>() } = input;
  await findHeldPieces(input, { scan, tasks, inTheWay: obstacles.inTheWay, shownEarly });
  return { installed, target, scan, depth: input.depth, tasks, ...obstacles, shownEarly };
}

/** Prices what the inventory found, and the patches that are offered. */
export function planFrom(inventory: Inventory, conditions: PlanConditions = {}): UpdatePlan {
  return planUpdate(planInputOf(inventory, conditions));
}

export function planInputOf(inventory: Inventory, conditions: PlanConditions): PlanInput {
  const { installed, target, removed } = inventory;
  return {
    ...conditions,
    installed,
    target: target.manifest,
    atHand: filesAtHand(inventory),
    removedCount: removed.length,
    source: patchSourceOf(inventory),
  };
}

function patchSourceOf({ installed, scan, depth }: Inventory): PatchSource {
  const changed = installed?.files.filter((file) => !scan.holds(file)) ?? [];
  return {
    knownBy: depth === 'deep' ? 'reading' : 'record',
    changedPaths: new Set(changed.map((file) => file.path)),
  };
}

function filesAtHand({ target, tasks }: Inventory): FileAtHand[] {
  return tasks.map((task, fileIndex): FileAtHand => {
    if (task.kind === 'unchanged' || task.kind === 'moved') return { kind: task.kind };
    return task.kind === 'fetched' ? fetchedAtHand(target, fileIndex, task) : { kind: 'copied' };
  });
}

function findObstacles(
  scan: PathScan,
  installed: ReadonlyMap<string, ManifestFile>,
  targetPaths: ReadonlySet<string>,
  stays: ReadonlySet<string>,
): Pick<Inventory, 'removed' | 'inTheWay' | 'leftDirectories'> {
  const removed: string[] = [];
  const inTheWay = new Set<string>(scan.filesAmongParents(targetPaths));
  for (const [path, file] of installed) {
    if (stays.has(path)) continue;
    const kind = scan.kindOf(path);
    if (kind === undefined || kind === 'directory') continue;
    const isChanged = !scan.holds(file);
    if (isChanged && !scan.isDecayed(path)) inTheWay.add(path);
    else if (!targetPaths.has(path)) removed.push(path);
  }
  for (const path of targetPaths) {
    if (stays.has(path)) continue;
    const kind = scan.kindOf(path);
    if (kind === 'directory' || (kind !== undefined && !installed.has(path))) inTheWay.add(path);
  }
  return { removed, inTheWay: [...inTheWay].sort(), leftDirectories: scan.directoriesLeftBy(targetPaths) };
}
