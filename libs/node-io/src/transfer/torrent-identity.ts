import { type Metainfo, PieceVerifier } from '@swarmpatch/metainfo';

import { TransferError } from './transfer-error.ts';

/** A v2 torrent from a magnet link lacks its piece layers: nothing in it could be verified. */
export function expectHashes(metainfo: Metainfo): void {
  if (metainfo.format !== 'v2') return;
  const verifier = new PieceVerifier(metainfo);
  for (let piece = 0; piece < metainfo.pieceCount; piece += 1) {
    if (verifier.digestOf(piece)) continue;
    throw new TransferError(
      'torrent_incomplete',
      `transfer: the torrent has no hash of piece ${piece}; use the torrent file`,
    );
  }
}

/** As peers and trackers call the torrent: 20 bytes each, a v2 infohash truncated (BEP 52). */
export function infohashesOf({ infohashV1, infohashV2 }: Metainfo): Uint8Array[] {
  return [infohashV1, infohashV2?.subarray(0, 20)].filter((infohash) => infohash !== undefined);
}
