/** Which changed files are written where they lie: docs/decisions/0015-rewrites.md. */
import { inDiskBlocks } from './disk-blocks.ts';
import type { FetchedAtHand, RewriteAtHand } from './file-at-hand.ts';

/** While a file is rewritten, who reads it sees a mixture: below this size a new file beside the old one costs too little to risk that. */
export const REWRITTEN_FILE_BYTES_MIN: number = 16 * 1024 * 1024;
/** Rewriting has to save this many times what it writes. */
export const REWRITE_SAVING_MIN = 2;
/** Rewritten bytes between two syncs: a disk that copies on write wants as much room again. */
export const REWRITE_WINDOW_BYTES: number = 16 * 1024 * 1024;

/** `usual`: files are rewritten where that writes much less. `least`: wherever it takes less room. */
export type SpaceUse = 'usual' | 'least';

export interface FilePrice {
  isRewritten: boolean;
  readBytes: number;
  writeBytes: number;
  scratchBytes: number;
  /** Bytes of the installed file that are written over. */
  rewrittenBytes: number;
}

/** What staging one fetched file takes, the way that it is done with this use of space. */
export function priceOfFetched(lengthBytes: number, hand: FetchedAtHand, space: SpaceUse): FilePrice {
  const beside: FilePrice = {
    isRewritten: false,
    readBytes: hand.heldBytes,
    writeBytes: lengthBytes - hand.stagedBytes,
    scratchBytes: Math.max(0, inDiskBlocks(lengthBytes) - hand.allocatedBytes),
    rewrittenBytes: 0,
  };
  if (hand.rewrite === undefined) return beside;
  const rewrite = priceOfRewrite(hand.rewrite);
  if (space === 'least') return rewrite.scratchBytes < beside.scratchBytes ? rewrite : beside;
  const isWorthIt =
    lengthBytes >= REWRITTEN_FILE_BYTES_MIN && rewrite.writeBytes * REWRITE_SAVING_MIN <= beside.writeBytes;
  return isWorthIt && rewrite.scratchBytes <= beside.scratchBytes ? rewrite : beside;
}

/** The pieces are staged, and written once more where they belong; what they replace is kept to go back to, where there is room. */
function priceOfRewrite({ differingBytes, heldBytes, stagedBytes, growthBytes }: RewriteAtHand): FilePrice {
  const toStageBytes = differingBytes - stagedBytes;
  return {
    isRewritten: true,
    readBytes: heldBytes + 2 * differingBytes,
    writeBytes: toStageBytes + 2 * differingBytes,
    scratchBytes:
      inDiskBlocks(toStageBytes) + growthBytes + Math.min(inDiskBlocks(differingBytes), REWRITE_WINDOW_BYTES),
    rewrittenBytes: differingBytes,
  };
}
