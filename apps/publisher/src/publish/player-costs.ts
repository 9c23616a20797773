/** What a new release costs those who play an older one, before anybody has paid it. */
import type { PatchSummary, VersionStatus } from '@swarmpatch/api-contract';
import {
  compareReleases,
  type DescribedRelease,
  describeMiddle,
  type FileAtHand,
  middlesWorthKnowing,
  type MissingOption,
  type PatchOffer,
  planUpdate,
  type PlanOption,
} from '@swarmpatch/plan';
import { compareVersions, type Manifest } from '@swarmpatch/release';
import type { Studio } from '../origin/studio.ts';

/** Published releases that a new one is compared with. */
export const COMPARED_RELEASES_MAX = 8;
/** Manifests and torrents that are fetched to compare with; the newest release is always compared with. */
export const COMPARED_DOCUMENT_BYTES_MAX: number = 64 * 1024 * 1024;

/** Files that are named for one version. */
const COSTLY_FILES_MAX = 5;

/** A file of the new release, and what of it players lack. */
export interface CostlyFile {
  path: string;
  bytes: number;
  missingBytes: number;
}

export interface PlayerCost {
  from: string;
  chosen: PlanOption['kind'];
  reason: string;
  options: PlanOption[];
  /** Ways that cannot be priced: a patch, until there is one. */
  missing: MissingOption[];
  /** `at_most`: launchers may find more to reuse, because the older release has longer pieces. */
  precision: 'exact' | 'at_most';
  /** Of the patch that goes the whole way. Null as long as it is not made: its length cannot be known before. */
  patchBytes: number | null;
  /** Where the download by pieces comes from, the costliest first. */
  costliest: CostlyFile[];
}

/** What was seen of a version in the last 30 days. */
export type VersionUse = Pick<VersionStatus, 'version' | 'peersMost' | 'updates'>;

/**
 * Whom a new release is priced for: players on the newest one, on those that most players have, and on the newest others.
 *
 * @param newest All that are published, newest first.
 * @returns the most telling first.
 */
export function chooseCompared(newest: readonly string[], uses: readonly VersionUse[]): string[] {
  const published = new Set(newest);
  const seen = uses
    .map(({ version, peersMost, updates }) => ({ version, players: peersMost + updates }))
    .filter(({ version, players }) => players > 0 && published.has(version))
    .sort((left, right) => right.players - left.players);
  const chosen = new Set([...newest.slice(0, 1), ...seen.map(({ version }) => version), ...newest]);
  return [...chosen].slice(0, COMPARED_RELEASES_MAX);
}

/**
 * The releases of a game that a new one is compared with, newest first. One that cannot be read is left out, and told of.
 *
 * @param uses Of the game's versions, as far as anybody knows.
 */
export async function describeCompared(
  studio: Studio,
  uses: readonly VersionUse[],
  { signal, onUnreadable }: { signal: AbortSignal; onUnreadable: (message: string) => void },
): Promise<DescribedRelease[]> {
  const described: DescribedRelease[] = [];
  let documentBytes = 0;
  for (const version of chooseCompared(studio.newestVersions, uses)) {
    const bytes = studio.documentBytes(version);
    if (described.length > 0 && documentBytes + bytes > COMPARED_DOCUMENT_BYTES_MAX) continue;
    documentBytes += bytes;
    try {
      described.push(await studio.describe(version));
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      onUnreadable(`cannot compare with release ${version}: ${message}`);
    }
  }
  return described.sort((left, right) => compareVersions(right.manifest.version, left.manifest.version));
}

/**
 * What the update to a release takes for players on each of these, who have it whole and nothing else.
 *
 * @param patches Of the game, as far as they are made.
 */
export function priceForPlayers(
  published: readonly DescribedRelease[],
  target: DescribedRelease,
  patches: readonly PatchSummary[],
): PlayerCost[] {
  const offers = patches.flatMap(offerOf);
  const { version } = target.manifest;
  return published.map((installed) => {
    const { manifest } = installed;
    const { atHand, removedCount, precision } = compareReleases(installed, target);
    const input = { installed: manifest, target: target.manifest, atHand, removedCount, offers };
    const middles = middlesWorthKnowing(input, planUpdate(input)).flatMap(({ version, order }) => {
      const middle = published.find((each) => each.manifest.version === version);
      return middle === undefined ? [] : [describeMiddle({ installed, target }, middle, order)];
    });
    const { chosen, options, missing } = planUpdate({ ...input, middles });
    return {
      from: manifest.version,
      chosen: chosen.kind,
      reason: chosen.reason,
      options,
      missing,
      precision,
      patchBytes: offers.find(({ from, to }) => from === manifest.version && to === version)?.bytes ?? null,
      costliest: findCostliest(target.manifest, atHand),
    };
  });
}

function offerOf({ from, to, bytes, writtenBytes, oldReadBytes }: PatchSummary): PatchOffer[] {
  if (bytes === undefined || writtenBytes === undefined || oldReadBytes === undefined) return [];
  return [{ from, to, bytes, writtenBytes, readBytes: oldReadBytes }];
}

function findCostliest({ files }: Manifest, atHand: readonly FileAtHand[]): CostlyFile[] {
  const costly: CostlyFile[] = [];
  for (const [index, { path, length }] of files.entries()) {
    const hand = atHand[index];
    if (hand?.kind === 'fetched') costly.push({ path, bytes: length, missingBytes: length - hand.heldBytes });
  }
  return costly
    .filter(({ missingBytes }) => missingBytes > 0)
    .sort((left, right) => right.missingBytes - left.missingBytes)
    .slice(0, COSTLY_FILES_MAX);
}
