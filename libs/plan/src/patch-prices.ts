/** What the ways through patches take. */
import type { Manifest } from '@swarmpatch/release';
import { costOf, PATCH_RISK, secondsOf, UNREAD_SOURCE_RISK, type ExpectedRates, type Work } from './costs.ts';
import { inDiskBlocks } from './disk-blocks.ts';
import type { FileAtHand } from './file-at-hand.ts';
import type { PatchOffer } from './patch-offer.ts';
import { findPatchRoutes, type LinkPrice, type PatchRoute } from './patch-routes.ts';
import type { MissingOption, PlanStep, PricedOption } from './plan-option.ts';
import { addCopied, addFetched, NO_BYTES, type Bytes } from './release-prices.ts';

/** Ways through patches alone that a plan lists. */
export const PATCH_OPTIONS_MAX = 16;

/** The old files as a patch would find them. */
export interface PatchSource {
  /** Were the files read, or believed by their recorded size and time? */
  knownBy: 'reading' | 'record';
  /** Paths of the installed release that do not hold what it put there. */
  changedPaths: ReadonlySet<string>;
}

export interface PatchPricing {
  installed: Manifest;
  target: Manifest;
  atHand: readonly FileAtHand[];
  source: PatchSource;
  offers: readonly PatchOffer[];
  rates: ExpectedRates;
  scratchBytesMax: number;
  /** What is left to do when a patch fails. */
  pieces: PricedOption;
}

/** Where patches begin and end, and what is done beside them. */
export interface PatchedWay {
  from: string;
  to: string;
  rest: Readonly<Bytes>;
  /** The steps of a route of patches, with those that come before and after it. */
  stepsOf: (patches: readonly PlanStep[]) => PlanStep[];
}

/** @returns The cheapest ways, at most `PATCH_OPTIONS_MAX`, and why there is none. */
export function pricePatches(pricing: PatchPricing): PricedOption[] | MissingOption {
  const { installed, target, offers } = pricing;
  const { version: from } = installed;
  const { version: to } = target;
  if (offers.length === 0) return { kind: 'patch', reason: 'no patch is offered' };
  if (from === to) return { kind: 'patch', reason: `patches lead to other versions; ${to} is installed and damaged` };
  const options = pricePatched(pricing, {
    from,
    to,
    rest: bytesBesidePatches(pricing),
    stepsOf: (patches) => [...patches],
  });
  if (options.length > 0) return options.slice(0, PATCH_OPTIONS_MAX);
  return { kind: 'patch', reason: `the patches offered, ${offers.length} in all, do not lead from ${from} to ${to}` };
}

/** @returns In the order of their cost. */
export function pricePatched(pricing: PatchPricing, way: PatchedWay): PricedOption[] {
  const { from, to, rest } = way;
  const routes = findPatchRoutes({
    from,
    to,
    offers: pricing.offers,
    priceOf: linkPricer(pricing),
    scratchBytesMax: pricing.scratchBytesMax - rest.scratchBytes,
  });
  return routes.map((route) => optionOf(route, way, pricing));
}

export function linkPricer(pricing: PatchPricing): (offer: PatchOffer, place: 'first' | 'later') => LinkPrice {
  const { rates, pieces } = pricing;
  const firstRisk = riskOfFirst(pricing);
  return (offer, place) => ({
    seconds: secondsOf(costOf(workOf(offer), rates)) + (place === 'first' ? firstRisk : PATCH_RISK) * pieces.seconds,
    scratchBytes: scratchOf(offer),
  });
}

function optionOf(route: PatchRoute, { rest, stepsOf }: PatchedWay, pricing: PatchPricing): PricedOption {
  const { rates, pieces } = pricing;
  const { scratchBytes, rewrittenBytes, ...bytes } = rest;
  const work = route.links.map(workOf).reduce(addWork, { ...bytes, patchedBytes: 0, patchCount: 0 });
  const risk = riskOfFirst(pricing) + (route.links.length - 1) * PATCH_RISK;
  const cost = { ...costOf(work, rates), riskSeconds: risk * pieces.seconds };
  const { downloadBytes, readBytes, writeBytes } = work;
  return {
    kind: 'patch',
    space: 'usual',
    downloadBytes,
    readBytes,
    writeBytes,
    // Whatever a patch says that it writes, the files of the target have to be staged.
    scratchBytes: Math.max(scratchBytes + route.scratchBytes, pieces.scratchBytes),
    rewrittenBytes,
    steps: stepsOf(route.links.map(({ to }) => ({ by: 'patch', to }))),
    seconds: secondsOf(cost),
    cost,
  };
}

/** What no patch brings: equal files at further paths, and files in place of those that the player changed. */
export function bytesBesidePatches({ target, atHand, source }: PatchPricing): Bytes {
  const bytes = { ...NO_BYTES };
  for (const [index, { path, length }] of target.files.entries()) {
    const hand = atHand[index];
    if (hand?.kind === 'copied') addCopied(bytes, length);
    else if (hand?.kind === 'fetched' && source.changedPaths.has(path))
      addFetched(bytes, { length, hand, space: 'usual' });
  }
  return bytes;
}

/** A patch reads anywhere in the old files: the more of them is changed, the likelier it needs what is not there. */
function riskOfFirst({ installed, source }: PatchPricing): number {
  let changedBytes = 0;
  for (const { path, length } of installed.files) if (source.changedPaths.has(path)) changedBytes += length;
  const changedShare = installed.bytes === 0 ? 0 : changedBytes / installed.bytes;
  return Math.min(1, PATCH_RISK + (source.knownBy === 'record' ? UNREAD_SOURCE_RISK : 0) + changedShare);
}

function workOf(offer: PatchOffer): Work {
  const wantedBytes = bytesToFetch(offer);
  return {
    downloadBytes: wantedBytes,
    readBytes: offer.readBytes,
    writeBytes: wantedBytes + offer.writtenBytes,
    patchedBytes: offer.writtenBytes,
    patchCount: 1,
  };
}

/** The links of a chain leave their files in scratch space until the commit. */
function scratchOf(offer: PatchOffer): number {
  return inDiskBlocks(bytesToFetch(offer)) + inDiskBlocks(offer.writtenBytes);
}

function bytesToFetch({ bytes, heldBytes = 0 }: PatchOffer): number {
  return Math.max(0, bytes - heldBytes);
}

function addWork(left: Work, right: Work): Work {
  return {
    downloadBytes: left.downloadBytes + right.downloadBytes,
    readBytes: left.readBytes + right.readBytes,
    writeBytes: left.writeBytes + right.writeBytes,
    patchedBytes: left.patchedBytes + right.patchedBytes,
    patchCount: left.patchCount + right.patchCount,
  };
}
