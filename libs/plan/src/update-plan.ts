import type { Manifest } from '@swarmpatch/release';
import { costOf, USUAL_RATES, type ExpectedRates } from './costs.ts';
import type { FileAtHand } from './file-at-hand.ts';
import { judge } from './judgement.ts';
import type { PatchOffer } from './patch-offer.ts';
import { findMiddles, type Middle, type MiddleRelease } from './middle-release.ts';
import { priceMiddles } from './middle-prices.ts';
import { linkPricer, pricePatches, type PatchPricing, type PatchSource } from './patch-prices.ts';
import type { MissingOption, PlanOption, PricedOption } from './plan-option.ts';
import { priceOfFull, priceOfPieces } from './release-prices.ts';

export interface UpdatePlan {
  from: string | undefined;
  to: string;
  /** The cheapest that is possible; where nothing is, the one that wants the least free space. */
  chosen: PlanOption;
  /** `chosen` first, then what is possible, cheapest first, then what is not. */
  options: PlanOption[];
  /** Kinds that there is no option of. */
  missing: MissingOption[];
}

/** What a plan may reckon with besides what is on disk. */
export interface PlanConditions {
  /** At most one for each pair of versions; in any order. None unless given. */
  offers?: readonly PatchOffer[] | undefined;
  /** Releases in between whose documents are known; none unless given. */
  middles?: readonly MiddleRelease[] | undefined;
  /** Those that are known; the others are `USUAL_RATES`. */
  rates?: Partial<ExpectedRates> | undefined;
  /** Free space that content may take until the commit. Without a limit unless given. */
  scratchBytesMax?: number | undefined;
}

export interface PlanInput extends PlanConditions {
  /** Absent before the first install. */
  installed: Manifest | undefined;
  target: Manifest;
  /** One for each of `target.files`, in that order. */
  atHand: readonly FileAtHand[];
  /** Paths of the installed release that the target does not have. */
  removedCount: number;
  /** Of the installed release; read and unchanged unless given. */
  source?: PatchSource | undefined;
}

const UNCHANGED_SOURCE: PatchSource = { knownBy: 'reading', changedPaths: new Set() };

/** Prices every way from what is on disk to the target release, and chooses. The same input gives the same plan. */
export function planUpdate(input: PlanInput): UpdatePlan {
  const { installed, target, atHand, scratchBytesMax = Infinity } = input;
  if (atHand.length !== target.files.length) {
    throw new RangeError(`plan ${target.version}: found ${atHand.length} entries, wanted ${target.files.length}`);
  }
  const from = installed?.version;
  const isThere =
    from === target.version && input.removedCount === 0 && atHand.every((file) => file.kind === 'unchanged');
  if (isThere) {
    const nothing = nothingToDo(target);
    return { from, to: target.version, chosen: nothing, options: [nothing], missing: [] };
  }
  const { priced, missing } = priceAll(input);
  const options = judge(priced, scratchBytesMax);
  const [chosen] = options;
  if (chosen === undefined) throw new RangeError(`plan ${target.version}: found no option at all`);
  return { from, to: target.version, chosen, options, missing };
}

function priceAll(input: PlanInput): { priced: PricedOption[]; missing: MissingOption[] } {
  const { installed, target, atHand, scratchBytesMax = Infinity } = input;
  const rates = { ...USUAL_RATES, ...input.rates };
  const full = priceOfFull(target, rates);
  const pieces = priceOfPieces(target, { atHand, space: 'usual' }, rates);
  const isPiecesUseful = pieces.downloadBytes < full.downloadBytes || pieces.writeBytes < full.writeBytes;
  const priced = [full];
  const missing: MissingOption[] = [];
  if (isPiecesUseful || installed !== undefined) priced.push(pieces);
  else missing.push({ kind: 'pieces', reason: 'nothing of the release is on disk' });
  if (pieces.scratchBytes > scratchBytesMax) {
    const least = priceOfPieces(target, { atHand, space: 'least' }, rates);
    if (least.scratchBytes < pieces.scratchBytes) priced.push(least);
  }
  if (installed === undefined) {
    missing.push({ kind: 'patch', reason: 'nothing is installed that a patch could begin with' });
    return { priced, missing };
  }
  const pricing = patchPricing(input, installed);
  const patches = pricePatches(pricing);
  const mixed = priceMiddles(pricing, input.middles ?? []);
  priced.push(...mixed);
  if (Array.isArray(patches)) priced.push(...patches);
  else if (mixed.length === 0) missing.push(patches);
  return { priced, missing };
}

/** Releases in between by which it may be cheaper to go than the plan says that was made without them. */
export function middlesWorthKnowing(input: PlanInput, { chosen }: UpdatePlan): Middle[] {
  const { installed, target, offers = [] } = input;
  if (installed === undefined || chosen.kind === 'none' || installed.version === target.version) return [];
  const priceOf = linkPricer(patchPricing(input, installed));
  return findMiddles({ from: installed.version, to: target.version, offers, priceOf, secondsMax: chosen.seconds });
}

function patchPricing(input: PlanInput, installed: Manifest): PatchPricing {
  const { target, atHand, offers = [], source = UNCHANGED_SOURCE, scratchBytesMax = Infinity } = input;
  const rates = { ...USUAL_RATES, ...input.rates };
  const pieces = priceOfPieces(target, { atHand, space: 'usual' }, rates);
  return { installed, target, atHand, source, offers, rates, scratchBytesMax, pieces };
}

function nothingToDo({ version }: Manifest): PlanOption {
  const cost = costOf({ downloadBytes: 0, readBytes: 0, writeBytes: 0, patchedBytes: 0, patchCount: 0 }, USUAL_RATES);
  return {
    kind: 'none',
    downloadBytes: 0,
    readBytes: 0,
    writeBytes: 0,
    scratchBytes: 0,
    space: 'usual',
    rewrittenBytes: 0,
    steps: [],
    seconds: 0,
    cost,
    verdict: 'chosen',
    reason: `${version} is installed and whole`,
  };
}
