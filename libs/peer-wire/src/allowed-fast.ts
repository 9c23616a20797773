import { createHash } from 'node:crypto';

/** Pieces of an allowed fast set (BEP 6): enough to begin trading, too few to live on. */
export const ALLOWED_FAST_PIECES = 10;

const INDEXES_PER_HASH = 5;

/**
 * The pieces that a peer may have while it is choked, the same from whoever it asks (BEP 6, "Allowed Fast Set Generation").
 *
 * @param address 4 bytes: the peer's IPv4 address as seen from here. BEP 6 has no rule for IPv6.
 * @param infohash 20 bytes.
 * @returns At most `count` piece indexes, in the order of the canonical algorithm.
 */
export function allowedFastSet(
  address: Uint8Array,
  infohash: Uint8Array,
  pieceCount: number,
  count: number = ALLOWED_FAST_PIECES,
): number[] {
  const pieces = new Set<number>();
  const wanted = Math.min(count, pieceCount);
  let seed: Uint8Array = Uint8Array.of(...address.subarray(0, 3), 0, ...infohash);
  while (pieces.size < wanted) {
    const hash = createHash('sha1').update(seed).digest();
    for (let i = 0; i < INDEXES_PER_HASH && pieces.size < wanted; i += 1) {
      pieces.add(hash.readUInt32BE(4 * i) % pieceCount);
    }
    seed = hash;
  }
  return [...pieces];
}
