/** What the ways without patches take. */
import type { Manifest } from '@swarmpatch/release';
import { costOf, secondsOf, type ExpectedRates } from './costs.ts';
import { inDiskBlocks } from './disk-blocks.ts';
import type { FetchedAtHand, FileAtHand } from './file-at-hand.ts';
import type { PricedOption } from './plan-option.ts';
import { priceOfFetched, type SpaceUse } from './rewrites.ts';

export type Bytes = Pick<
  PricedOption,
  'downloadBytes' | 'readBytes' | 'writeBytes' | 'scratchBytes' | 'rewrittenBytes'
>;

export const NO_BYTES: Readonly<Bytes> = {
  downloadBytes: 0,
  readBytes: 0,
  writeBytes: 0,
  scratchBytes: 0,
  rewrittenBytes: 0,
};

export function priceOfFull(target: Manifest, rates: ExpectedRates): PricedOption {
  let scratchBytes = 0;
  for (const file of target.files) scratchBytes += inDiskBlocks(file.length);
  const bytes = { ...NO_BYTES, downloadBytes: target.bytes, writeBytes: target.bytes, scratchBytes };
  return withCost(target, { kind: 'full', space: 'usual' }, bytes, rates);
}

export function priceOfPieces(
  target: Manifest,
  { atHand, space }: { atHand: readonly FileAtHand[]; space: SpaceUse },
  rates: ExpectedRates,
): PricedOption {
  const bytes: Bytes = { ...NO_BYTES };
  for (const [index, { length }] of target.files.entries()) {
    const hand = atHand[index];
    if (hand?.kind === 'copied') addCopied(bytes, length);
    else if (hand?.kind === 'fetched') addFetched(bytes, { length, hand, space });
  }
  return withCost(target, { kind: 'pieces', space }, bytes, rates);
}

export function addCopied(bytes: Bytes, lengthBytes: number): void {
  bytes.readBytes += lengthBytes;
  bytes.writeBytes += lengthBytes;
  bytes.scratchBytes += inDiskBlocks(lengthBytes);
}

export function addFetched(
  bytes: Bytes,
  { length, hand, space }: { length: number; hand: FetchedAtHand; space: SpaceUse },
): void {
  const price = priceOfFetched(length, hand, space);
  bytes.downloadBytes += length - hand.heldBytes - hand.stagedBytes;
  bytes.readBytes += price.readBytes;
  bytes.writeBytes += price.writeBytes;
  bytes.scratchBytes += price.scratchBytes;
  bytes.rewrittenBytes += price.rewrittenBytes;
}

function withCost(
  { version }: Manifest,
  { kind, space }: { kind: 'full' | 'pieces'; space: SpaceUse },
  bytes: Bytes,
  rates: ExpectedRates,
): PricedOption {
  const cost = costOf({ ...bytes, patchedBytes: 0, patchCount: 0 }, rates);
  return { kind, space, ...bytes, steps: [{ by: kind, to: version }], seconds: secondsOf(cost), cost };
}
