import { INFOHASH_BYTES } from '@swarmpatch/tracker';
import { DiscoveryError } from './discovery-error.ts';

/** The torrent whose peers are looked for. */
export interface DiscoveredTorrent {
  /** 20 bytes each: both of a hybrid, a v2 infohash truncated (BEP 52). */
  readonly infohashes: readonly Uint8Array[];
  /** Of BEP 27: peers of a private torrent come from its trackers alone. */
  readonly isPrivate: boolean;
}

/** @throws {DiscoveryError} `discovery_private` */
export function expectPublic({ infohashes, isPrivate }: DiscoveredTorrent, way: string): void {
  if (isPrivate) {
    const found = 'the torrent is private (BEP 27): its peers come from its trackers alone';
    throw new DiscoveryError('discovery_private', `look for peers by ${way}: ${found}`);
  }
  const other = infohashes.find(({ length }) => length !== INFOHASH_BYTES);
  if (other) throw new RangeError(`an infohash of ${other.length} bytes, ${INFOHASH_BYTES} are wanted`);
}
