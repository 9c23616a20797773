/** Which patches are worth making, and in which order. */

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

export interface WantedPatch {
  from: string;
  to: string;
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
  to: string;
  /** Of one that is ready. */
  bytes: number;
}

/**
 * Which patches have to go: those to a version that no channel names any more and those past the count, which may be made again one
 * day, and those that have no room, which would only be made to go again.
 *
 * @param patches By rank.
 */
export function sortOutPatches<Patch extends KnownPatch>(
  patches: readonly Patch[],
  limits: { targets: ReadonlySet<string>; countMax: number; bytesMax: number },
): { unwanted: Patch[]; crowdedOut: Patch[] } {
  const counts = new Map<string, number>();
  const unwanted: Patch[] = [];
  const crowdedOut: Patch[] = [];
  let bytes = 0;
  for (const patch of patches) {
    const count = (counts.get(patch.to) ?? 0) + 1;
    if (!limits.targets.has(patch.to) || count > limits.countMax) {
      unwanted.push(patch);
      continue;
    }
    counts.set(patch.to, count);
    if (bytes + patch.bytes > limits.bytesMax) crowdedOut.push(patch);
    else bytes += patch.bytes;
  }
  return { unwanted, crowdedOut };
}
