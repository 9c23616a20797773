// A rewrite is the redo log of a database, with the staged file as the log: what differs is durable in the staging before the journal
// names it, every piece is compared with its signed hash right before it is written, and all of it is written again after a cut.
import { inDiskBlocks, REWRITE_WINDOW_BYTES } from '@swarmpatch/plan';
import { isSameFile, type FileStat, type FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { changedMeanwhile } from './install-error.ts';
import type { PieceRun, Rewrite } from './journal.ts';
import { naming } from './refusals.ts';
import { refuseLinkedParents } from './parent-guard.ts';
import type { ReleasePieces } from './release-pieces.ts';

/**
 * Refuses, while nothing is changed yet, what could not be finished: a file that is not as it was, that has another name, or that
 * may not be written now.
 *
 * @throws {InstallError} `staged_damaged`, `file_refused`
 */
export async function refuseUnfit(files: FileSystem, { scan }: Inventory, rewrites: readonly Rewrite[]): Promise<void> {
  for (const { path } of rewrites) {
    const stat = await files.stat(path);
    if (!isSameFile(scan.statOf(path), stat) || stat?.linkCount !== 1) throw changedMeanwhile(path);
    await naming('rewrite', path, () => files.writeAt(path, 0, new Uint8Array()));
  }
}

/** Room that rewriting takes, beside what is staged. */
export async function spaceForRewrites(
  files: FileSystem,
  { target }: Inventory,
  rewrites: readonly Rewrite[],
): Promise<number> {
  let growthBytes = 0;
  let writtenBytes = 0;
  for (const { path, lengthBytes, runs } of rewrites) {
    const { allocatedBytes = 0 } = (await files.stat(path)) ?? {};
    const bytes = runs.reduce((sum, { count }) => sum + count * target.pieceLengthBytes, 0);
    growthBytes += Math.min(bytes, Math.max(0, inDiskBlocks(lengthBytes) - allocatedBytes));
    writtenBytes += bytes;
  }
  return growthBytes + Math.min(writtenBytes, REWRITE_WINDOW_BYTES);
}

/**
 * Writes what differs. Doing it again, whatever was written before, comes to the same.
 *
 * @param target The release that the rewrites are of.
 * @returns Paths of files that somebody put something else in place of, or for which the staging does not hold what was signed.
 */
export async function rewriteFiles(
  files: FileSystem,
  rewrites: readonly Rewrite[],
  target: ReleasePieces,
): Promise<string[]> {
  const uncertain: string[] = [];
  const fileIndexes = new Map(target.manifest.files.map(({ path }, fileIndex) => [path, fileIndex]));
  for (const rewrite of rewrites) {
    const { path } = rewrite;
    await refuseLinkedParents(files, [path]);
    const firstPiece = target.firstPieceOf(fileIndexes.get(path) ?? -1);
    const isOurs = isRewritable(rewrite, await files.stat(path));
    if (!isOurs || !(await naming('rewrite', path, () => rewriteFile(files, rewrite, { target, firstPiece }))))
      uncertain.push(path);
  }
  return uncertain;
}

/**
 * Reads a piece of a file, and compares it with its signed hash.
 *
 * @param path Where the file is now.
 * @returns undefined when it is not as signed.
 */
export async function readSignedPiece(
  files: FileSystem,
  path: string,
  piece: { target: ReleasePieces; firstPiece: number; pieceInFile: number; lengthBytes: number },
): Promise<Uint8Array | undefined> {
  const { target, firstPiece, pieceInFile } = piece;
  const sizeBytes = target.pieceSizeBytes(piece.lengthBytes, pieceInFile);
  const offsetBytes = pieceInFile * target.pieceLengthBytes;
  const data = await files.read(path, { offsetBytes, lengthBytes: sizeBytes });
  return data.length === sizeBytes && target.isPiece(firstPiece + pieceInFile, data) ? data : undefined;
}

/** While a file grows or shrinks, a power cut may leave any length in between. */
function isRewritable({ lengthBytes, oldLengthBytes }: Rewrite, stat: FileStat | undefined): boolean {
  if (stat?.kind !== 'file' || stat.linkCount > 1) return false;
  const [shortest, longest] = [Math.min(lengthBytes, oldLengthBytes), Math.max(lengthBytes, oldLengthBytes)];
  return stat.lengthBytes >= shortest && stat.lengthBytes <= longest;
}

/** @returns false when a staged piece is not as signed; it is left out. */
async function rewriteFile(
  files: FileSystem,
  { from, path, lengthBytes, runs }: Rewrite,
  { target, firstPiece }: { target: ReleasePieces; firstPiece: number },
): Promise<boolean> {
  if ((await files.stat(from))?.kind !== 'file') return false;
  let isWhole = true;
  let unsyncedBytes = 0;
  await files.allocate(path, lengthBytes);
  for (const pieceInFile of piecesIn(runs)) {
    const data = await readSignedPiece(files, from, { target, firstPiece, pieceInFile, lengthBytes });
    if (data === undefined) {
      isWhole = false;
      continue;
    }
    await files.writeAt(path, pieceInFile * target.pieceLengthBytes, data);
    unsyncedBytes += data.length;
    if (unsyncedBytes < REWRITE_WINDOW_BYTES) continue;
    await files.sync([path]);
    unsyncedBytes = 0;
  }
  await files.sync([path]);
  return isWhole;
}

export function runsOf(pieces: readonly number[]): PieceRun[] {
  const runs: PieceRun[] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === piece) last.count += 1;
    else runs.push({ first: piece, count: 1 });
  }
  return runs;
}

function* piecesIn(runs: readonly PieceRun[]): Generator<number> {
  for (const { first, count } of runs) for (let piece = first; piece < first + count; piece += 1) yield piece;
}
