import { hash } from 'node:crypto';

export interface AllowedFastOptions {
  /** Of the peer that is offered the pieces: 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 20 bytes. */
  readonly infohash: Uint8Array;
  readonly pieceCount: number;
  /** How many pieces; fewer when the torrent has fewer. */
  readonly count: number;
}

/**
 * The pieces that everyone offers the same peer (BEP 6, "allowed fast set generation"). For IPv6, of which the BEP does not
 * speak, the first 8 bytes of the address stand for the 3 of IPv4.
 */
export function allowedFastSet({ address, infohash, pieceCount, count }: AllowedFastOptions): Set<number> {
  const pieces = new Set<number>();
  const wanted = Math.min(count, pieceCount);
  const prefix = address.length === 4 ? Uint8Array.of(...address.subarray(0, 3), 0) : address.subarray(0, 8);
  let digest: Uint8Array = Uint8Array.of(...prefix, ...infohash.subarray(0, 20));
  while (pieces.size < wanted) {
    digest = hash('sha1', digest, 'buffer');
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    for (let at = 0; at < 20 && pieces.size < wanted; at += 4) pieces.add(view.getUint32(at) % pieceCount);
  }
  return pieces;
}
