import { inDiskBlocks, type FetchedAtHand, type RewriteAtHand } from '@swarmpatch/plan';
import type { FetchedTask, FileTask, RewriteBase } from './file-task.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { piecesThatDiffer } from './rewrite-bases.ts';

/** Counts what a plan is made from. */
export function fetchedAtHand(target: ReleasePieces, fileIndex: number, task: FetchedTask): FetchedAtHand {
  const lengthBytes = target.manifest.files[fileIndex]?.length ?? 0;
  const sum = (pieces: readonly number[]): number =>
    pieces.reduce((bytes, piece) => bytes + target.pieceSizeBytes(lengthBytes, piece), 0);
  const held = task.held.map(({ pieceInFile }) => pieceInFile);
  const hand: FetchedAtHand = {
    kind: 'fetched',
    heldBytes: sum(held),
    stagedBytes: sum(task.staged),
    allocatedBytes: task.allocatedBytes,
  };
  const { rewrite } = task;
  if (rewrite === undefined) return hand;
  const differing = new Set(piecesThatDiffer(target, fileIndex, rewrite));
  const differs = (piece: number): boolean => differing.has(piece);
  const differingBytes = sum([...differing]);
  return {
    ...hand,
    rewrite: {
      differingBytes,
      heldBytes: sum(held.filter(differs)),
      stagedBytes: sum(task.staged.filter(differs)),
      growthBytes: growthOf(rewrite, { lengthBytes, differingBytes }),
    },
  };
}

/** Of the release, what an earlier run had fetched, made or copied by the time that the inventory was taken. */
export function stagedBytesOf(target: ReleasePieces, tasks: readonly FileTask[]): number {
  let stagedBytes = 0;
  for (const [fileIndex, task] of tasks.entries()) {
    if (task.kind === 'fetched') stagedBytes += fetchedAtHand(target, fileIndex, task).stagedBytes;
  }
  return stagedBytes;
}

/** A file with holes, or compressed, takes no more for what is not written. */
function growthOf(
  { allocatedBytes }: RewriteBase,
  { lengthBytes, differingBytes }: { lengthBytes: number } & Pick<RewriteAtHand, 'differingBytes'>,
): number {
  return Math.min(Math.max(0, inDiskBlocks(lengthBytes) - allocatedBytes), inDiskBlocks(differingBytes));
}
