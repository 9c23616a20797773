import type { PieceGeometry } from '@swarmpatch/metainfo';
import { BLOCK_LENGTH_BYTES, type BlockSpan } from '@swarmpatch/peer-wire';

/**
 * How pieces are cut into blocks. Pads at the end of a piece are zeros that everyone knows: they are not asked for, so a
 * short file costs its own bytes and not a piece. One layout can serve many swarms of the same torrent.
 */
export class BlockLayout {
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly #filledBytes: Uint32Array;
  readonly #lastPieceBytes: number;

  constructor(geometry: PieceGeometry) {
    this.pieceCount = geometry.pieceCount;
    this.pieceLengthBytes = geometry.pieceLengthBytes;
    this.#lastPieceBytes = this.pieceCount === 0 ? 0 : geometry.pieceSizeBytes(this.pieceCount - 1);
    this.#filledBytes = new Uint32Array(this.pieceCount);
    for (let piece = 0; piece < this.pieceCount; piece += 1) {
      // A piece of padding alone is asked for like any other: it has to have a block.
      this.#filledBytes[piece] =
        geometry.filledBytesOfPiece(piece) || Math.min(BLOCK_LENGTH_BYTES, geometry.pieceSizeBytes(piece));
    }
  }

  /** Pads included. */
  sizeBytes(piece: number): number {
    return piece === this.pieceCount - 1 ? this.#lastPieceBytes : this.pieceLengthBytes;
  }

  /** Without the pads at its end: what is transferred. */
  filledBytes(piece: number): number {
    return this.#filledBytes[piece] ?? 0;
  }

  blockCount(piece: number): number {
    return Math.ceil(this.filledBytes(piece) / BLOCK_LENGTH_BYTES);
  }

  blockLengthBytes(piece: number, block: number): number {
    return Math.min(BLOCK_LENGTH_BYTES, this.filledBytes(piece) - block * BLOCK_LENGTH_BYTES);
  }

  span(piece: number, block: number): BlockSpan {
    return { piece, begin: block * BLOCK_LENGTH_BYTES, lengthBytes: this.blockLengthBytes(piece, block) };
  }

  /**
   * Whether a peer may ask for this. Libtorrent asks for the pads in the last block of a file, and in v2 torrents also past
   * the last file up to the piece length, so all of a piece length is served.
   */
  isServable({ piece, begin, lengthBytes }: BlockSpan): boolean {
    return (
      piece < this.pieceCount &&
      lengthBytes > 0 &&
      lengthBytes <= BLOCK_LENGTH_BYTES &&
      begin + lengthBytes <= this.pieceLengthBytes
    );
  }
}
