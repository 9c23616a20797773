/** What the ways take that are patches as far as a release in between, and pieces from or to it. */
import type { FileAtHand } from './file-at-hand.ts';
import type { MiddleRelease } from './middle-release.ts';
import { bytesBesidePatches, pricePatched, type PatchPricing } from './patch-prices.ts';
import type { PricedOption } from './plan-option.ts';
import { addCopied, addFetched, NO_BYTES, type Bytes } from './release-prices.ts';

/** @returns The cheapest way through each of them, and where that does not fit, the cheapest that does. */
export function priceMiddles(pricing: PatchPricing, middles: readonly MiddleRelease[]): PricedOption[] {
  return middles.flatMap((middle) => {
    const ways = middle.order === 'patches_first' ? patchesFirst(pricing, middle) : piecesFirst(pricing, middle);
    const [cheapest] = ways;
    const fitting = ways.find(({ scratchBytes }) => scratchBytes <= pricing.scratchBytesMax);
    return [...new Set([cheapest, fitting])].filter((way) => way !== undefined);
  });
}

function patchesFirst(pricing: PatchPricing, { manifest, atHand }: MiddleRelease): PricedOption[] {
  const { installed, target, source } = pricing;
  const rest: Bytes = { ...NO_BYTES };
  for (const [index, { path, length }] of target.files.entries()) {
    const hand = pricing.atHand[index];
    if (hand?.kind === 'copied') addCopied(rest, length);
    else if (hand?.kind === 'fetched') {
      const there = source.changedPaths.has(path) ? hand : betterOf(hand, atHand[index]);
      if (there.kind === 'fetched') addFetched(rest, { length, hand: there, space: 'usual' });
    }
  }
  const { version } = target;
  return pricePatched(pricing, {
    from: installed.version,
    to: manifest.version,
    rest,
    stepsOf: (patches) => [...patches, { by: 'pieces', to: version }],
  });
}

/** What a patch has made of the release in between may have more of a file than what is installed. */
function betterOf(hand: FileAtHand & { kind: 'fetched' }, there: FileAtHand | undefined): FileAtHand {
  if (there === undefined || (there.kind === 'fetched' && there.heldBytes <= hand.heldBytes)) return hand;
  if (there.kind !== 'fetched') return there;
  const { stagedBytes, allocatedBytes } = hand;
  return {
    kind: 'fetched',
    heldBytes: there.heldBytes - Math.min(there.heldBytes, stagedBytes),
    stagedBytes,
    allocatedBytes,
  };
}

function piecesFirst(pricing: PatchPricing, { manifest, atHand }: MiddleRelease): PricedOption[] {
  const rest: Bytes = { ...bytesBesidePatches(pricing) };
  const absent = { kind: 'fetched', heldBytes: 0, stagedBytes: 0, allocatedBytes: 0 } as const;
  for (const [index, { path, length, piecesRoot }] of manifest.files.entries()) {
    const hand = pricing.source.changedPaths.has(path) ? absent : atHand[index];
    if (hand?.kind === 'fetched' && piecesRoot !== undefined) addFetched(rest, { length, hand, space: 'usual' });
  }
  const { version } = manifest;
  return pricePatched(pricing, {
    from: version,
    to: pricing.target.version,
    rest,
    stepsOf: (patches) => [{ by: 'pieces', to: version }, ...patches],
  });
}
