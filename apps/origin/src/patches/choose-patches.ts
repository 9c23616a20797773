import { PATCHES_MAX } from '@swarmpatch/release';

/** Which patches are worth making, and in which order. */

interface Pair {
  from: string;
  to: string;
}

/** Of a patch that players have, or that would save them next to nothing. */
const SETTLED: ReadonlySet<string> = new Set(['ready', 'rejected']);

interface PatchFacts {
  /** Published versions, newest first. */
  versions: readonly string[];
  /** Versions that channels name. */
  targets: ReadonlySet<string>;
  /** How much each version was seen lately; those that were not seen may be missing. */
  uses: ReadonlyMap<string, number>;
  /** Patches to each target. */
  countMax: number;
}

export interface WantedPatch extends Pair {
  rank: number;
}

/**
 * From the versions that players run, most used first, to every version that a channel names. The newest other release counts as in
 * use, whatever was seen: players who come back are most likely to have it. Where nothing was seen at all, newest first.
 *
 * @returns In the order in which they are to be made: the best of each target, then the second of each.
 */
export function choosePatches({ versions, targets, uses, countMax }: PatchFacts): WantedPatch[] {
  const wanted = [...versions.filter((version) => targets.has(version))].flatMap((to, place) => {
    const others = versions.filter((version) => version !== to);
    const seen = others.filter((version) => (uses.get(version) ?? 0) > 0);
    const sources =
      seen.length === 0 ? others : others.filter((version, index) => index === 0 || seen.includes(version));
    return sources
      .toSorted((left, right) => (uses.get(right) ?? 0) - (uses.get(left) ?? 0))
      .slice(0, countMax)
      .map((from, turn) => ({ from, to, turn, place }));
  });
  return wanted
    .toSorted((left, right) => left.turn - right.turn || left.place - right.place)
    .map(({ from, to }, rank) => ({ from, to, rank }));
}

interface KnownPatch {
  from: string;
  to: string;
  state: string;
  /** Of one that is ready. */
  bytes: number;
}

/**
 * Which patches have to go: those that nobody needs and those past the count, which may be made again one day, and those that have no
 * room, which would only be made to go again. Beside the wanted ones, what is ready stays while there is room: patches to a version
 * that a channel names, and links.
 *
 * @param patches By rank.
 */
export function sortOutPatches<Patch extends KnownPatch>(
  patches: readonly Patch[],
  limits: { targets: ReadonlySet<string>; wanted: readonly Pair[]; countMax: number; bytesMax: number },
): { unwanted: Patch[]; crowdedOut: Patch[] } {
  const wanted = new Set(limits.wanted.map(nameOf));
  const isWanted = (patch: Pair): boolean => wanted.has(nameOf(patch));
  const others = patches.filter((patch) => !isWanted(patch) && patch.state === 'ready');
  const inOrder = new Set([
    ...patches.filter(isWanted),
    ...others.filter(({ to }) => limits.targets.has(to)),
    ...[...limits.targets].flatMap((target) => findLinks(patches, limits.wanted, target)),
  ]);
  const crowdedOut: Patch[] = [];
  const kept = new Set<Patch>();
  const counts = new Map<string, number>();
  let bytes = 0;
  for (const patch of inOrder) {
    const count = (counts.get(patch.to) ?? 0) + 1;
    if (count > limits.countMax || kept.size === PATCHES_MAX) continue;
    counts.set(patch.to, count);
    if (bytes + patch.bytes > limits.bytesMax) {
      crowdedOut.push(patch);
    } else {
      kept.add(patch);
      bytes += patch.bytes;
    }
  }
  const gone = new Set(crowdedOut);
  return { unwanted: patches.filter((patch) => !kept.has(patch) && !gone.has(patch)), crowdedOut };
}

/**
 * Patches by which players come nearer to a target for whom the patch that goes the whole way is not made, was not wanted or failed.
 *
 * @returns The last steps first.
 */
function findLinks<Patch extends KnownPatch>(
  patches: readonly Patch[],
  wanted: readonly Pair[],
  target: string,
): Patch[] {
  const settled = new Set(
    patches.filter(({ to, state }) => to === target && SETTLED.has(state)).map(({ from }) => from),
  );
  const hopeless = new Set(patches.filter(({ state }) => state === 'rejected' || state === 'failed').map(nameOf));
  const leadsOn = new Set(
    wanted.filter((pair) => pair.to === target && !hopeless.has(nameOf(pair))).map(({ from }) => from),
  );
  const links: Patch[] = [];
  // A set is walked through with what is added meanwhile.
  for (const step of leadsOn) {
    for (const patch of patches) {
      if (patch.to !== step || patch.state !== 'ready' || patch.from === target || settled.has(patch.from)) continue;
      links.push(patch);
      leadsOn.add(patch.from);
    }
  }
  return links;
}

function nameOf({ from, to }: Pair): string {
  return `${from}..${to}`;
}
