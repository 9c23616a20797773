import { encodeTorrent, parseTorrent, pieceLayersOf } from '@swarmpatch/metainfo';
import type { PublicAddress } from '../public-address.ts';

/** A stored torrent with the trackers and the web seed that this origin has now. */
export function addressTorrent(stored: Uint8Array, address: PublicAddress, webSeed: string): Uint8Array {
  const metainfo = parseTorrent(stored);
  return encodeTorrent({
    infoBytes: metainfo.infoBytes,
    pieceLayers: pieceLayersOf(metainfo),
    trackers: address.trackers.map((url) => [url]),
    webSeeds: [webSeed],
  });
}
