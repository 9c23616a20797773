/** What the ways without patches take. */
import type { Manifest } from '@swarmpatch/release';
import { costOf, secondsOf, type ExpectedRates } from './costs.ts';
import { inDiskBlocks } from './disk-blocks.ts';
import type { FileAtHand } from './file-at-hand.ts';
import type { PricedOption } from './plan-option.ts';

type Bytes = Pick<PricedOption, 'downloadBytes' | 'readBytes' | 'writeBytes' | 'scratchBytes'>;

export function priceOfFull(target: Manifest, rates: ExpectedRates): PricedOption {
  let scratchBytes = 0;
  for (const file of target.files) scratchBytes += inDiskBlocks(file.length);
  return withCost('full', { downloadBytes: target.bytes, readBytes: 0, writeBytes: target.bytes, scratchBytes }, rates);
}

export function priceOfPieces(target: Manifest, atHand: readonly FileAtHand[], rates: ExpectedRates): PricedOption {
  const bytes: Bytes = { downloadBytes: 0, readBytes: 0, writeBytes: 0, scratchBytes: 0 };
  for (const [index, { length }] of target.files.entries()) {
    const hand = atHand[index];
    if (hand?.kind === 'copied') addCopied(bytes, length);
    else if (hand?.kind === 'fetched') addFetched(bytes, length, hand);
  }
  return withCost('pieces', bytes, rates);
}

export function addCopied(bytes: Bytes, lengthBytes: number): void {
  bytes.readBytes += lengthBytes;
  bytes.writeBytes += lengthBytes;
  bytes.scratchBytes += inDiskBlocks(lengthBytes);
}

export function addFetched(bytes: Bytes, lengthBytes: number, hand: Extract<FileAtHand, { kind: 'fetched' }>): void {
  bytes.downloadBytes += lengthBytes - hand.heldBytes - hand.stagedBytes;
  bytes.readBytes += hand.heldBytes;
  bytes.writeBytes += lengthBytes - hand.stagedBytes;
  bytes.scratchBytes += Math.max(0, inDiskBlocks(lengthBytes) - hand.allocatedBytes);
}

function withCost(kind: 'full' | 'pieces', bytes: Bytes, rates: ExpectedRates): PricedOption {
  const cost = costOf({ ...bytes, patchedBytes: 0, patchCount: 0 }, rates);
  return { kind, ...bytes, via: [], seconds: secondsOf(cost), cost };
}
