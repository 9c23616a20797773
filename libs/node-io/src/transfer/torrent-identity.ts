import { type Metainfo, PieceVerifier } from '@swarmpatch/metainfo';
import type { Handshake } from '@swarmpatch/peer-wire';
import type { MetadataIdentity } from '@swarmpatch/swarm';

import { TransferError } from './transfer-error.ts';

/** Without its piece layers (BEP 52) nothing in a v2 torrent could be verified. @throws {TransferError} `torrent_incomplete` */
export function expectHashes(metainfo: Metainfo): void {
  const piece = pieceWithoutHash(metainfo);
  if (piece === undefined) return;
  throw new TransferError(
    'torrent_incomplete',
    `transfer: the torrent has no hash of piece ${piece}; fetch its piece layers from peers first`,
  );
}

/** Whether each piece can be verified. */
export function hasAllHashes(metainfo: Metainfo): boolean {
  return pieceWithoutHash(metainfo) === undefined;
}

function pieceWithoutHash(metainfo: Metainfo): number | undefined {
  if (metainfo.format !== 'v2') return undefined;
  const verifier = new PieceVerifier(metainfo);
  for (let piece = 0; piece < metainfo.pieceCount; piece += 1) if (!verifier.digestOf(piece)) return piece;
  return undefined;
}

/** As peers and trackers call the torrent: 20 bytes each, a v2 infohash truncated (BEP 52). */
export function infohashesOf({ infohashV1, infohashV2 }: MetadataIdentity): Uint8Array[] {
  return [infohashV1, infohashV2?.subarray(0, 20)].filter((infohash) => infohash !== undefined);
}

/**
 * Whether a connection speaks v2 (BEP 52): each side uses the v2 name of the torrent, or the side that dialled uses the v1
 * name with a bit and is answered with the v2 name. The bit in an answer means nothing: libtorrent sets it with the v1 name.
 */
export function speaksV2(
  { v2, infohash }: Handshake,
  direction: 'incoming' | 'outgoing',
  infohashV2: Uint8Array | undefined,
): boolean {
  if (!infohashV2) return false;
  return (direction === 'incoming' && v2) || Buffer.compare(infohash, infohashV2.subarray(0, 20)) === 0;
}

/** What to call the torrent in the answer: who came with the v1 name of a hybrid is told that this client speaks v2. */
export function answeredInfohash(handshake: Handshake, infohashV2: Uint8Array | undefined): Uint8Array {
  return infohashV2 && handshake.v2 ? infohashV2.subarray(0, 20) : handshake.infohash;
}
