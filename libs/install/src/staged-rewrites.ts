import { priceOfFetched, type SpaceUse } from '@swarmpatch/plan';
import { fetchedAtHand } from './fetched-at-hand.ts';
import type { FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import type { Rewrite } from './journal.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { piecesThatDiffer } from './rewrite-bases.ts';
import { readSignedPiece, runsOf } from './rewriting.ts';

/** @returns the files that are rewritten, by index, with their pieces that differ. */
export function chooseRewrites({ tasks, target }: Inventory, space: SpaceUse): Map<number, readonly number[]> {
  const chosen = new Map<number, readonly number[]>();
  for (const [fileIndex, task] of tasks.entries()) {
    if (task.kind !== 'fetched' || task.rewrite === undefined || task.seenWhole !== undefined) continue;
    const lengthBytes = target.manifest.files[fileIndex]?.length ?? 0;
    const { isRewritten } = priceOfFetched(lengthBytes, fetchedAtHand(target, fileIndex, task), space);
    if (isRewritten) chosen.set(fileIndex, piecesThatDiffer(target, fileIndex, task.rewrite));
  }
  return chosen;
}

/** @returns those of the pieces that the staged file does not have as signed; numbers in the file. */
export async function findWrongPieces(
  files: FileSystem,
  staged: { target: ReleasePieces; fileIndex: number; path: string; lengthBytes: number },
  pieces: readonly number[],
): Promise<number[]> {
  const { target, fileIndex, path, lengthBytes } = staged;
  const firstPiece = target.firstPieceOf(fileIndex);
  const wrong: number[] = [];
  for (const pieceInFile of pieces) {
    const data = await readSignedPiece(files, path, { target, firstPiece, pieceInFile, lengthBytes });
    if (data === undefined) wrong.push(pieceInFile);
  }
  return wrong;
}

export function rewriteFrom(
  from: string,
  { target, tasks }: Inventory,
  { fileIndex, pieces }: { fileIndex: number; pieces: readonly number[] },
): Rewrite | undefined {
  const file = target.manifest.files[fileIndex];
  const task = tasks[fileIndex];
  if (file?.piecesRoot === undefined || task?.kind !== 'fetched' || task.rewrite === undefined) return undefined;
  const { path, length: lengthBytes, piecesRoot } = file;
  return { from, path, lengthBytes, oldLengthBytes: task.rewrite.lengthBytes, piecesRoot, runs: runsOf(pieces) };
}
