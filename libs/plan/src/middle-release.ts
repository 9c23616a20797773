import { compareVersions, type Manifest } from '@swarmpatch/release';
import type { FileAtHand } from './file-at-hand.ts';
import type { PatchOffer } from './patch-offer.ts';
import { CHAIN_PATCHES_MAX, type LinkPrice } from './patch-routes.ts';
import { compareReleases, type DescribedRelease } from './release-comparison.ts';

/** Releases in between that are looked at in each order of patches and pieces: the documents of each have to be here. */
export const MIDDLES_PER_ORDER_MAX = 2;

/** Which half of the way is done by patches. */
export type MiddleOrder = 'patches_first' | 'pieces_first';

/** A release in between, where patches end and pieces go on, or the other way round. */
export interface Middle {
  version: string;
  order: MiddleOrder;
}

/** A middle of which the documents are known. */
export interface MiddleRelease {
  manifest: Manifest;
  order: MiddleOrder;
  /** What pieces find: of the target's files where they come last, of its own where they come first. */
  atHand: readonly FileAtHand[];
}

/** What pieces take to or from a release in between, told from documents alone. */
export function describeMiddle(
  { installed, target }: { installed: DescribedRelease; target: DescribedRelease },
  middle: DescribedRelease,
  order: MiddleOrder,
): MiddleRelease {
  const { atHand } = order === 'patches_first' ? compareReleases(middle, target) : compareReleases(installed, middle);
  return { manifest: middle.manifest, order, atHand };
}

export interface MiddleSearch {
  from: string;
  to: string;
  offers: readonly PatchOffer[];
  priceOf: (offer: PatchOffer, place: 'first' | 'later') => LinkPrice;
  /** What the way takes that would be taken otherwise. */
  secondsMax: number;
}

/**
 * Versions by which it may be cheaper to go, with patches on one side of them and pieces on the other. What the pieces take is not
 * known before the documents of those releases are; those are named whose versions are next to where the pieces lead or begin, since
 * fewest pieces differ there.
 */
export function findMiddles(search: MiddleSearch): Middle[] {
  const { from, to } = search;
  return [
    ...nearest(reachedFrom(from, search, 'forward'), to, search).map(middleOf('patches_first')),
    ...nearest(reachedFrom(to, search, 'back'), from, search).map(middleOf('pieces_first')),
  ];
}

function middleOf(order: MiddleOrder): (version: string) => Middle {
  return (version) => ({ version, order });
}

/** The least seconds of patches alone between one version and each other, over at most `CHAIN_PATCHES_MAX` patches. */
function reachedFrom(start: string, { offers, priceOf }: MiddleSearch, way: 'forward' | 'back'): Map<string, number> {
  const least = new Map([[start, 0]]);
  for (let length = 1; length <= CHAIN_PATCHES_MAX; length += 1) {
    const before = new Map(least);
    for (const offer of offers) {
      const [near, far] = way === 'forward' ? [offer.from, offer.to] : [offer.to, offer.from];
      const reached = before.get(near);
      if (reached === undefined) continue;
      const seconds = reached + priceOf(offer, near === start ? 'first' : 'later').seconds;
      if (seconds < (least.get(far) ?? Infinity)) least.set(far, seconds);
    }
  }
  return least;
}

/** @returns those whose patches alone do not cost too much already, nearest first. */
function nearest(reached: ReadonlyMap<string, number>, end: string, { from, to, secondsMax }: MiddleSearch): string[] {
  const worth = [...reached].filter(([version, seconds]) => version !== from && version !== to && seconds < secondsMax);
  const ordered = [...new Set([...worth.map(([version]) => version), end])].sort(compareVersions);
  const place = ordered.indexOf(end);
  return worth
    .map(([version, seconds]) => ({ version, seconds, distance: Math.abs(ordered.indexOf(version) - place) }))
    .sort((left, right) => left.distance - right.distance || left.seconds - right.seconds)
    .slice(0, MIDDLES_PER_ORDER_MAX)
    .map(({ version }) => version);
}
