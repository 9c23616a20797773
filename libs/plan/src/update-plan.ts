import type { Manifest } from '@swarmpatch/release';

/** Disks give room in blocks; 4 KiB is the usual one, and a plan that rounds to it does not promise too much. */
export const DISK_BLOCK_BYTES = 4096;

/**
 * How much of one file of the target release is at hand.
 * - `unchanged`: whole and in its place.
 * - `moved`: whole in a place that the target gives up; it is linked into its new one, which writes nothing.
 * - `copied`: whole in a place that stays, or arrives once for several paths; costs a write but no download.
 * - `fetched`: the rest, of which `heldBytes` are copied from old files and `stagedBytes` were staged by an earlier run.
 */
export type FileAtHand =
  | { kind: 'unchanged' }
  | { kind: 'moved' }
  | { kind: 'copied' }
  | { kind: 'fetched'; heldBytes: number; stagedBytes: number; allocatedBytes: number };

export type PlanKind = 'none' | 'pieces' | 'full';

export interface PlanOption {
  kind: PlanKind;
  /** Payload from peers and web seeds. */
  downloadBytes: number;
  /** File content written to disk, downloaded or copied. */
  writeBytes: number;
  /** Free space wanted until the commit, in whole disk blocks, besides what is there now. */
  scratchBytes: number;
}

export interface UpdatePlan {
  from: string | undefined;
  to: string;
  chosen: PlanOption;
  /** Cheapest first; `chosen` is the first. */
  options: PlanOption[];
}

export interface PlanInput {
  /** Absent before the first install. */
  installed: Manifest | undefined;
  target: Manifest;
  /** One for each of `target.files`, in that order. */
  atHand: readonly FileAtHand[];
  /** Paths of the installed release that the target does not have. */
  removedCount: number;
}

/** Prices every way from what is on disk to the target release. */
export function planUpdate(input: PlanInput): UpdatePlan {
  const { installed, target, atHand } = input;
  if (atHand.length !== target.files.length) {
    throw new RangeError(`plan ${target.version}: found ${atHand.length} entries, wanted ${target.files.length}`);
  }
  const from = installed?.version;
  const isThere =
    from === target.version && input.removedCount === 0 && atHand.every((file) => file.kind === 'unchanged');
  if (isThere) {
    const nothing: PlanOption = { kind: 'none', downloadBytes: 0, writeBytes: 0, scratchBytes: 0 };
    return { from, to: target.version, chosen: nothing, options: [nothing] };
  }
  const full = priceOfFull(target);
  const pieces = priceOfPieces(target, atHand);
  const isPiecesUseful = pieces.downloadBytes < full.downloadBytes || pieces.writeBytes < full.writeBytes;
  if (!isPiecesUseful && installed === undefined) return { from, to: target.version, chosen: full, options: [full] };
  const options = isPiecesUseful ? [pieces, full] : [full, pieces];
  return { from, to: target.version, chosen: isPiecesUseful ? pieces : full, options };
}

function priceOfFull(target: Manifest): PlanOption {
  let scratchBytes = 0;
  for (const file of target.files) scratchBytes += inDiskBlocks(file.length);
  return { kind: 'full', downloadBytes: target.bytes, writeBytes: target.bytes, scratchBytes };
}

function priceOfPieces(target: Manifest, atHand: readonly FileAtHand[]): PlanOption {
  const price: PlanOption = { kind: 'pieces', downloadBytes: 0, writeBytes: 0, scratchBytes: 0 };
  for (const [index, file] of target.files.entries()) {
    const hand = atHand[index];
    if (hand?.kind === 'copied') {
      price.writeBytes += file.length;
      price.scratchBytes += inDiskBlocks(file.length);
    } else if (hand?.kind === 'fetched') {
      price.downloadBytes += file.length - hand.heldBytes - hand.stagedBytes;
      price.writeBytes += file.length - hand.stagedBytes;
      price.scratchBytes += Math.max(0, inDiskBlocks(file.length) - hand.allocatedBytes);
    }
  }
  return price;
}

function inDiskBlocks(lengthBytes: number): number {
  return Math.ceil(lengthBytes / DISK_BLOCK_BYTES) * DISK_BLOCK_BYTES;
}
