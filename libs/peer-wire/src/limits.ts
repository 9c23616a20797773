/** The unit of requests (BEP 3, BEP 52). Nothing longer is asked for or sent. */
export const BLOCK_LENGTH_BYTES = 16_384;

/** Messages whose length has no tighter bound: extension handshakes, metadata pieces, peer lists, unknown ids. */
export const MESSAGE_BYTES_MAX: number = 256 * 1024;

/** Longest bitfield of a torrent of 2^22 pieces; a wire that knows its torrent is given a tighter bound. */
export const BITFIELD_BYTES_MAX: number = 512 * 1024;

/** Uncle and layer hashes of one reply (BEP 52): 512 hashes and a proof. */
export const HASHES_BYTES_MAX: number = 49 + 32 * (512 + 64);
