import type { BlockLayout } from '../pieces/block-layout.ts';

export const SLICE_BYTES_MIN: number = 16 * 1024 * 1024;
export const SLICE_BYTES_MAX: number = 64 * 1024 * 1024;
const SLICES_WANTED = 64;
/** Runs begin at multiples of a step. A small torrent has so many of them that a crowd's clients rarely meet. */
const STEPS_WANTED = 256;
export const STEP_BYTES_MAX: number = 1024 * 1024;

/**
 * How piece space is cut for a crowd: each client begins somewhere at random and follows the slice to its end, so that a
 * crowd fetches different parts and a server reads ahead. Slices and the steps in them lie at the same places for everyone:
 * whoever wants the same part asks for the same range, which a cache before the server can answer.
 */
export class WebSlices {
  readonly #pieceCount: number;
  readonly #slicePieces: number;
  readonly #stepPieces: number;

  constructor({ pieceCount, pieceLengthBytes }: Pick<BlockLayout, 'pieceCount' | 'pieceLengthBytes'>) {
    const lengthBytes = pieceCount * pieceLengthBytes;
    const sliceBytes = powerOfTwo(lengthBytes / SLICES_WANTED, SLICE_BYTES_MIN, SLICE_BYTES_MAX);
    this.#pieceCount = pieceCount;
    this.#slicePieces = Math.max(1, Math.floor(sliceBytes / pieceLengthBytes));
    this.#stepPieces = Math.max(
      1,
      Math.floor(powerOfTwo(lengthBytes / STEPS_WANTED, 1, STEP_BYTES_MAX) / pieceLengthBytes),
    );
  }

  /** The piece after the last of the piece's slice. */
  endOf(piece: number): number {
    return Math.min(this.#pieceCount, piece - (piece % this.#slicePieces) + this.#slicePieces);
  }

  /** Where the piece's step begins. */
  stepOf(piece: number): number {
    return piece - (piece % this.#stepPieces);
  }
}

/** The largest power of two that is not above the value, within bounds that are powers of two. */
function powerOfTwo(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, 2 ** Math.floor(Math.log2(Math.max(1, value)))));
}
