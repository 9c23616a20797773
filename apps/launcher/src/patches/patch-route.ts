import { listPatches, patchRefusalPath, type FileSystem } from '@swarmpatch/install';
import type { PatchOffer, PlanOption } from '@swarmpatch/plan';
import { joinsReleases, type Manifest, type PatchEntry, ReleaseError } from '@swarmpatch/release';
import { TrustError } from '@swarmpatch/trust';
import { LauncherError } from '../launcher-error.ts';
import type { ReleaseSource } from '../origin/release-source.ts';

/** A patch, and the two signed releases that it joins. */
export interface PatchLink {
  entry: PatchEntry;
  from: Manifest;
  to: Manifest;
}

/** What there is of patches for one update. */
export interface PatchPrices {
  offers: PatchOffer[];
  /** Room that kept patches take which are of no use for it: they give way. */
  idleBytes: number;
}

/** Prices the patches of a listing, with what is here of them. Those that were found to be of no use before are left out. */
export async function pricePatches(files: FileSystem, entries: readonly PatchEntry[]): Promise<PatchPrices> {
  const held = new Map((await listPatches(files)).map(({ infohash, bytes }) => [infohash, bytes]));
  const refusals = await files.statAll(entries.map(({ torrent }) => patchRefusalPath(torrent.infohashV2)));
  const offers: PatchOffer[] = [];
  for (const [index, { from, to, bytes, writtenBytes, oldReadBytes: readBytes, torrent }] of entries.entries()) {
    if (refusals[index] !== undefined) continue;
    const heldBytes = Math.min(bytes, held.get(torrent.infohashV2) ?? 0);
    held.delete(torrent.infohashV2);
    offers.push({ from, to, bytes, writtenBytes, readBytes, heldBytes });
  }
  return { offers, idleBytes: [...held.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** @returns the patches of an option in their order; none where it takes none. */
export function entriesOf(
  { steps }: Pick<PlanOption, 'steps'>,
  installed: string,
  entries: readonly PatchEntry[],
): PatchEntry[] {
  return steps.flatMap(({ by, to }, index) => {
    const from = steps[index - 1]?.to ?? installed;
    return by === 'patch' ? entries.filter((entry) => entry.from === from && entry.to === to) : [];
  });
}

/**
 * Puts the signed releases beside the patches of a chain.
 *
 * @param ends The release that the chain begins with, and that which the update leads to.
 * @returns the chain, or its first patch that joins other releases than those that the studio signed.
 */
export async function openRoute(
  source: ReleaseSource,
  entries: readonly PatchEntry[],
  ends: { from: Manifest; to: Manifest },
): Promise<PatchLink[] | PatchEntry> {
  const links: PatchLink[] = [];
  let { from } = ends;
  for (const entry of entries) {
    const to = entry.to === ends.to.version ? ends.to : await findManifest(source, entry.to);
    if (to === undefined || !joinsReleases(entry, from, to)) return entry;
    links.push({ entry, from, to });
    from = to;
  }
  return links;
}

async function findManifest(source: ReleaseSource, version: string): Promise<Manifest | undefined> {
  try {
    return await source.manifest(version);
  } catch (error) {
    if (error instanceof TrustError || error instanceof ReleaseError || error instanceof LauncherError)
      return undefined;
    throw error;
  }
}
