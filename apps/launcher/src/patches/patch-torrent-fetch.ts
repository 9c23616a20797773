import { encodeTorrent, pieceLayersOf } from '@swarmpatch/metainfo';
import { ApiError } from '@swarmpatch/node-io/api-client';
import type { PatchEntry } from '@swarmpatch/release';
import type { SharingSources } from '../move/release-sharing.ts';
import type { HostPolicy } from '../origin/host-policy.ts';

/** After so long, the origin is taken to be out of reach; then the peers have as long. */
export const PATCH_TORRENT_MS_MAX = 15_000;

export interface WantedTorrent {
  game: string;
  entry: PatchEntry;
  policy: HostPolicy;
  timeoutMs: number | undefined;
  signal: AbortSignal;
}

/**
 * Fetches the torrent of a patch from the origin; where that gives no answer or fails, from those who have the patch, as the signed
 * listing names its infohashes (BEP 9).
 *
 * @returns what was found, to be compared with the listing.
 * @throws {ApiError} what the origin failed with
 */
export async function fetchPatchTorrent(wanted: WantedTorrent, sharing: SharingSources): Promise<Uint8Array> {
  const { game, entry, signal } = wanted;
  const timeoutMs = Math.min(PATCH_TORRENT_MS_MAX, wanted.timeoutMs ?? Infinity);
  try {
    return await sharing.origin.patchTorrent(game, entry, timeoutMs);
  } catch (error) {
    const isOriginAway = error instanceof ApiError && (error.status === undefined || error.status >= 500);
    if (!isOriginAway || sharing.transfers.settings.peerUse === 'avoid') throw error;
    return await fetchFromPeers({ ...wanted, timeoutMs }, sharing).catch(() => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

async function fetchFromPeers(
  { entry, policy, timeoutMs, signal }: WantedTorrent,
  { trackers, transfers }: SharingSources,
): Promise<Uint8Array> {
  const { infohashV1, infohashV2 } = entry.torrent;
  const session = await transfers.session();
  const { metainfo } = await session.fetchMagnet({
    identity: { infohashV1: Buffer.from(infohashV1, 'hex'), infohashV2: Buffer.from(infohashV2, 'hex') },
    peers: transfers.settings.peers ?? [],
    trackers: await trackers.find(policy),
    timeoutMs,
    signal,
  });
  return encodeTorrent({ infoBytes: metainfo.infoBytes, pieceLayers: pieceLayersOf(metainfo) });
}
