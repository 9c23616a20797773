import { errnoOf, type FileStat, type FileSystem } from './file-system.ts';
import type { FileTask, RewriteBase } from './file-task.ts';
import type { PathScan } from './path-scan.ts';
import type { PieceSources } from './piece-sources.ts';
import { hashAt, type ReleasePieces } from './release-pieces.ts';

export interface RewriteSearch {
  files: FileSystem;
  target: ReleasePieces;
  scan: PathScan;
  tasks: readonly FileTask[];
  /** Paths of what has to be kept aside. */
  inTheWay: readonly string[];
  shownEarly: ReadonlySet<number>;
}

/** Tells each file that is to be fetched whether it can be rewritten where it lies. */
export async function findRewriteBases(search: RewriteSearch, sources: PieceSources): Promise<void> {
  const { files, target, scan, tasks, inTheWay, shownEarly } = search;
  const spared = new Set(inTheWay);
  const repeated = new Set<number>(shownEarly);
  for (const task of tasks) {
    if (task.kind === 'moved') spared.add(task.from);
    if (task.kind === 'repeated') repeated.add(task.ofFile);
  }
  for (const [fileIndex, task] of tasks.entries()) {
    const file = target.manifest.files[fileIndex];
    if (task.kind !== 'fetched' || file === undefined || spared.has(file.path) || repeated.has(fileIndex)) continue;
    const stat = scan.statOf(file.path);
    // A program that runs cannot be written to, and a name elsewhere would see its content change.
    if (stat === undefined || stat.linkCount > 1 || stat.executable || file.executable === true) continue;
    const same = piecesInPlace(target, fileIndex, { stat, layer: sources.layerAt(file.path) });
    if (same.length > 0 && (await isWritable(files, file.path))) {
      const { lengthBytes, allocatedBytes } = stat;
      task.rewrite = { same, lengthBytes, allocatedBytes };
    }
  }
}

/** Opening it is what tells: an empty write changes nothing. */
async function isWritable(files: FileSystem, path: string): Promise<boolean> {
  try {
    await files.writeAt(path, 0, new Uint8Array());
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Pieces outside of the base, which have to be written. */
export function piecesThatDiffer(target: ReleasePieces, fileIndex: number, { same }: RewriteBase): number[] {
  const inPlace = new Set(same);
  return Array.from({ length: target.pieceCountOf(fileIndex) }, (_, piece) => piece).filter(
    (piece) => !inPlace.has(piece),
  );
}

function piecesInPlace(
  target: ReleasePieces,
  fileIndex: number,
  { stat, layer }: { stat: FileStat; layer: Uint8Array | undefined },
): number[] {
  if (layer === undefined) return [];
  const lengthBytes = target.manifest.files[fileIndex]?.length ?? 0;
  const wanted = target.hashesOf(fileIndex);
  const same: number[] = [];
  for (let piece = 0; piece < target.pieceCountOf(fileIndex); piece += 1) {
    const isAsLong = target.pieceSizeBytes(stat.lengthBytes, piece) === target.pieceSizeBytes(lengthBytes, piece);
    const hash = hashAt(wanted, piece);
    if (isAsLong && hash !== undefined && hashAt(layer, piece)?.equals(hash) === true) same.push(piece);
  }
  return same;
}
