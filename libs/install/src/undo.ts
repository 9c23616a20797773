// Undo data is content that a commit took out of the install: a later move that wants it links it back instead of fetching it.
// It is by pieces root, in one directory for each commit, and it is hashed before it is used: losing or spoiling it costs a fetch.
import type { Manifest } from '@swarmpatch/release';
import { forEachBounded } from './bounded.ts';
import { makeParents } from './durable-write.ts';
import { errnoOf, joinPath, parentOf, type FileSystem } from './file-system.ts';
import { UNDO_DIRECTORY } from './layout.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import type { PathScan } from './path-scan.ts';
import type { ReleasePieces } from './release-pieces.ts';

/** Undo data is kept for so long. */
export const UNDO_DAYS_MAX = 14;
/** Of all that is kept, newest first. */
export const UNDO_BYTES_MAX: number = 4 * 1024 * 1024 * 1024;

const DAY_MS = 24 * 60 * 60 * 1000;

/** An owned file whose content no path of the new release has. */
export interface UndoFile {
  path: string;
  /** Hex. */
  piecesRoot: string;
}

/** Content in `.swarmpatch/undo`. */
export interface KeptContent {
  path: string;
  /** Hex, as it was when it was put there. */
  piecesRoot: string;
  /** Room that it takes. */
  bytes: number;
  /** When it was taken out of the install, wall clock, milliseconds since 1970. */
  atMs: number;
}

/** From one release to another, and what stood where before it. */
interface Move {
  readonly installed: Manifest | undefined;
  readonly target: ReleasePieces;
  readonly scan: PathScan;
}

export function undoPath(atMs: number, piecesRoot: string): string {
  return `${UNDO_DIRECTORY}/${atMs}/${piecesRoot}`;
}

export function isUndoPath(path: string): boolean {
  return path.startsWith(`${UNDO_DIRECTORY}/`);
}

/** Newest first. */
export async function listUndo(files: FileSystem): Promise<KeptContent[]> {
  const found: KeptContent[] = [];
  for (const { name, kind } of await files.list(UNDO_DIRECTORY)) {
    const atMs = Number(name);
    if (kind !== 'directory' || !Number.isSafeInteger(atMs)) continue;
    const directory = joinPath(UNDO_DIRECTORY, name);
    const names = (await files.list(directory)).map((entry) => entry.name);
    const stats = await files.statAll(names.map((root) => joinPath(directory, root)));
    for (const [index, piecesRoot] of names.entries()) {
      const stat = stats[index];
      if (stat?.kind !== 'file') continue;
      // What has another name, too, takes no room of its own.
      const bytes = stat.linkCount > 1 ? 0 : stat.allocatedBytes;
      found.push({ path: joinPath(directory, piecesRoot), piecesRoot, bytes, atMs });
    }
  }
  return found.sort((a, b) => b.atMs - a.atMs || (a.path < b.path ? -1 : 1));
}

/** Where undo data is that a release wants; each content once. */
export async function findUndo(files: FileSystem, target: Manifest): Promise<string[]> {
  const wanted = new Set(target.files.map((file) => file.piecesRoot));
  const paths: string[] = [];
  for (const { path, piecesRoot } of await listUndo(files)) if (wanted.delete(piecesRoot)) paths.push(path);
  return paths;
}

/** Room that `yieldUndo` gives back. */
export async function idleUndoBytes(files: FileSystem, target: Manifest): Promise<number> {
  const wanted = new Set(await findUndo(files, target));
  return (await listUndo(files)).reduce((sum, { path, bytes }) => sum + (wanted.has(path) ? 0 : bytes), 0);
}

/** Removes the undo data that a release does not want: a move to it needs the room. @returns how much it was. */
export async function yieldUndo(files: FileSystem, target: Manifest): Promise<number> {
  const idleBytes = await idleUndoBytes(files, target);
  const wanted = new Set(await findUndo(files, target));
  await dropUndo(files, ({ path }) => !wanted.has(path));
  return idleBytes;
}

/**
 * Owned files that are as installed, whose content the target has nowhere; as many as may be kept.
 *
 * @param leaving Paths that are removed or replaced.
 */
export function chooseUndo({ installed, target, scan }: Move, leaving: ReadonlySet<string>): UndoFile[] {
  const needless = new Set(target.manifest.files.map((file) => file.piecesRoot));
  const undo: UndoFile[] = [];
  let undoBytes = 0;
  for (const { path, piecesRoot, length } of installed?.files ?? []) {
    if (piecesRoot === undefined || needless.has(piecesRoot) || undoBytes + length > UNDO_BYTES_MAX) continue;
    if (!leaving.has(path) || scan.roots.get(path) !== piecesRoot) continue;
    undoBytes += length;
    needless.add(piecesRoot);
    undo.push({ path, piecesRoot });
  }
  return undo;
}

/** Gives content a name in the undo data before its path is given away. What the disk refuses here is fetched again, should it be wanted. */
export async function keepUndo(files: FileSystem, atMs: number, undo: readonly UndoFile[]): Promise<void> {
  if (undo.length === 0) return;
  const directory = parentOf(undoPath(atMs, 'root'));
  try {
    await makeParents(files, undoPath(atMs, 'root'));
    await forEachBounded(undo, async ({ path, piecesRoot }) => {
      await refuseLinkedParents(files, [path]);
      const to = undoPath(atMs, piecesRoot);
      if ((await files.stat(path))?.kind !== 'file' || (await files.stat(to)) !== undefined) return;
      if (!(await files.link(path, to))) await files.rename(path, to);
    });
    await files.syncDirectories([directory]);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/**
 * Removes what the rule does not keep: what is older than `UNDO_DAYS_MAX`, and what does not fit into `UNDO_BYTES_MAX` beside all
 * newer content.
 *
 * @param nowMs Wall clock, milliseconds since 1970.
 */
export async function pruneUndo(files: FileSystem, nowMs: number): Promise<void> {
  let keptBytes = 0;
  await dropUndo(files, ({ bytes, atMs }) => {
    keptBytes += bytes;
    return nowMs - atMs >= UNDO_DAYS_MAX * DAY_MS || keptBytes > UNDO_BYTES_MAX;
  });
}

/** Removes the undo data that is not wanted any more, asked newest first. */
export async function dropUndo(files: FileSystem, isUnwanted: (content: KeptContent) => boolean): Promise<void> {
  const unwanted = (await listUndo(files)).filter(isUnwanted);
  await forEachBounded(unwanted, async ({ path }) => {
    await files.remove(path);
  });
  for (const { name } of await files.list(UNDO_DIRECTORY)) await files.removeDirectory(joinPath(UNDO_DIRECTORY, name));
  await files.removeDirectory(UNDO_DIRECTORY);
}
