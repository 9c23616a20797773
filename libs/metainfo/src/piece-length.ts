const PIECE_LENGTH_CHOICE_MIN = 16_384;
const PIECE_LENGTH_CHOICE_MAX: number = 16 * 1024 * 1024;

/** What a piece costs everyone: its hashes in the torrent, its bit and HAVE messages at each peer. */
const COST_PER_PIECE_BYTES = 4096;
/** What longer pieces cost: damage, reuse and first uploads are counted in whole pieces. */
const COST_PER_PIECE_LENGTH = 16;

/**
 * Piece length that costs least in all: pieces, padding of every file to a piece boundary, and coarseness. One large
 * file gets about 2048 pieces at 1 GiB; 60,000 small files get the shortest pieces, for they are mostly padding.
 *
 * @param lengths Of the files in bytes. Where files are not padded (v1, or a single file), give their sum.
 * @returns A power of two from 16 KiB to 16 MiB.
 */
export function choosePieceLength(lengths: readonly number[]): number {
  let best = PIECE_LENGTH_CHOICE_MIN;
  let bestCost = Infinity;
  for (let candidate = PIECE_LENGTH_CHOICE_MIN; candidate <= PIECE_LENGTH_CHOICE_MAX; candidate *= 2) {
    const cost = costOf(candidate, lengths);
    if (cost >= bestCost) continue;
    best = candidate;
    bestCost = cost;
  }
  return best;
}

function costOf(pieceLengthBytes: number, lengths: readonly number[]): number {
  let pieces = 0;
  let bytes = 0;
  for (const lengthBytes of lengths) {
    pieces += Math.ceil(lengthBytes / pieceLengthBytes);
    bytes += lengthBytes;
  }
  const paddingBytes = lengths.length > 1 ? pieces * pieceLengthBytes - bytes : 0;
  return pieces * COST_PER_PIECE_BYTES + paddingBytes + pieceLengthBytes * COST_PER_PIECE_LENGTH;
}
