import type { PatchOffer } from './patch-offer.ts';

/** Patches that one update applies after each other. */
export const CHAIN_PATCHES_MAX = 8;
/** Routes of one length that are kept from one version, the cheapest and the one that wants the least room. */
export const ROUTES_PER_VERSION_MAX = 32;

/** What one patch adds to a route. */
export interface LinkPrice {
  seconds: number;
  scratchBytes: number;
}

/** Patches that lead from one version to another, in the order in which they are applied. */
export interface PatchRoute extends LinkPrice {
  links: readonly PatchOffer[];
}

export interface RouteSearch {
  from: string;
  to: string;
  /** At most one for each pair of versions. */
  offers: readonly PatchOffer[];
  priceOf(offer: PatchOffer, place: 'first' | 'later'): LinkPrice;
  scratchBytesMax: number;
}

/**
 * The ways from one version to another by patches: for each patch that one can begin with, the cheapest that fits into the
 * scratch space, and the one that wants the least room of all.
 *
 * Works back from the wanted version, one patch more in each round (Bellman and Ford), and keeps of each version the routes
 * that no other beats in both cost and scratch space: a shortest path with a resource limit (Joksch, 1966). As the route that
 * wants the least room is always kept, one that fits is found whenever there is one.
 *
 * @returns In the order of their cost; the same for any order of `offers`.
 */
export function findPatchRoutes(search: RouteSearch): PatchRoute[] {
  const { from, to, scratchBytesMax } = search;
  const offersInto = byTarget(search);
  const kept = new Map<string, PatchRoute[]>();
  const whole = new Map<PatchOffer, PatchRoute[]>();
  let ends = new Map<string, PatchRoute[]>([[to, [{ links: [], seconds: 0, scratchBytes: 0 }]]]);
  for (let length = 1; length <= CHAIN_PATCHES_MAX && ends.size > 0; length += 1) {
    const longer = new Map<string, PatchRoute[]>();
    for (const [version, routes] of ends) {
      for (const offer of offersInto.get(version) ?? []) {
        const isWhole = offer.from === from;
        const price = search.priceOf(offer, isWhole ? 'first' : 'later');
        const found = routes.map((route) => prepend(offer, price, route));
        if (isWhole) append(whole, offer, found);
        else append(longer, offer.from, found);
      }
    }
    ends = new Map();
    for (const [version, found] of longer) {
      const better = keepBest(found, kept.get(version) ?? []);
      if (better.length === 0) continue;
      append(kept, version, better);
      ends.set(version, better);
    }
  }
  return [...whole.values()].flatMap((routes) => worthTelling(routes, scratchBytesMax)).sort(compareRoutes);
}

function byTarget({ from, to, offers }: RouteSearch): Map<string, PatchOffer[]> {
  const offersInto = new Map<string, PatchOffer[]>();
  for (const offer of offers) {
    if (offer.to === from || offer.from === to) continue;
    append(offersInto, offer.to, [offer]);
  }
  return offersInto;
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, values: readonly Value[]): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [...values]);
  else for (const value of values) list.push(value);
}

function prepend(offer: PatchOffer, price: LinkPrice, route: PatchRoute): PatchRoute {
  return {
    links: [offer, ...route.links],
    seconds: price.seconds + route.seconds,
    scratchBytes: price.scratchBytes + route.scratchBytes,
  };
}

/** @param earlier What is kept of the same version already; none of it has more links. */
function keepBest(found: PatchRoute[], earlier: readonly PatchRoute[]): PatchRoute[] {
  const isBeaten = (route: PatchRoute): boolean =>
    earlier.some((other) => other.seconds <= route.seconds && other.scratchBytes <= route.scratchBytes);
  const better: PatchRoute[] = [];
  let leastScratchBytes = Infinity;
  for (const route of found.sort(compareRoutes)) {
    if (route.scratchBytes >= leastScratchBytes || isBeaten(route)) continue;
    leastScratchBytes = route.scratchBytes;
    better.push(route);
  }
  const leastScratch = better.pop();
  if (leastScratch === undefined) return [];
  return [...better.slice(0, ROUTES_PER_VERSION_MAX - 1), leastScratch];
}

/** The cheapest; where that does not fit, also the cheapest that does. Where none fits, the one that comes nearest. */
function worthTelling(routes: PatchRoute[], scratchBytesMax: number): PatchRoute[] {
  const [cheapest, ...others] = routes.sort(compareRoutes);
  if (cheapest === undefined || cheapest.scratchBytes <= scratchBytesMax) return cheapest ? [cheapest] : [];
  const fitting = others.find((route) => route.scratchBytes <= scratchBytesMax);
  if (fitting !== undefined) return [cheapest, fitting];
  return [routes.reduce((least, route) => (route.scratchBytes < least.scratchBytes ? route : least))];
}

function compareRoutes(left: PatchRoute, right: PatchRoute): number {
  return (
    left.seconds - right.seconds ||
    left.scratchBytes - right.scratchBytes ||
    left.links.length - right.links.length ||
    compareText(pathOf(left), pathOf(right))
  );
}

function pathOf(route: PatchRoute): string {
  return route.links.map((link) => link.from).join(' ');
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
