import { MetainfoError } from './metainfo-error.ts';

/** Where a file lies in the piece space. */
export interface PlacedFile {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
}

/** A run of one file's bytes inside one piece. */
export interface FileSpan {
  readonly fileIndex: number;
  readonly fileOffsetBytes: number;
  readonly pieceOffsetBytes: number;
  readonly lengthBytes: number;
}

export interface PieceRange {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Half of what a 32-bit piece index allows for; the bitfield of the largest torrent is 256 KiB. */
export const PIECE_COUNT_MAX: number = 2 ** 21;
export const PIECE_LENGTH_BYTES_MAX: number = 128 * 1024 * 1024;
/** 16 TiB: every byte position stays a safe integer. */
export const TORRENT_LENGTH_BYTES_MAX: number = 2 ** 44;

/**
 * All arithmetic between pieces, blocks and files. One numbering serves all formats: in v2 and hybrid torrents each
 * file starts at a piece boundary, and what lies between files, and after the last one, is padding of zeros.
 */
export class PieceGeometry {
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** The length of the piece space, pads included. */
  readonly spaceBytes: number;
  readonly #files: readonly PlacedFile[];
  /** Indexes of the files that have bytes, in the order of their offsets. */
  readonly #filled: number[];

  /**
   * @param files In order of offset, without overlaps, inside `spaceBytes`.
   * @throws {MetainfoError} `too_many_pieces`, `bad_length`, `bad_piece_length`
   */
  constructor(files: readonly PlacedFile[], pieceLengthBytes: number, spaceBytes: number) {
    if (!Number.isSafeInteger(pieceLengthBytes) || pieceLengthBytes < 1 || pieceLengthBytes > PIECE_LENGTH_BYTES_MAX) {
      throw new MetainfoError(
        'bad_piece_length',
        `place files in pieces: found piece length ${pieceLengthBytes}, 1 to ${PIECE_LENGTH_BYTES_MAX} bytes are wanted`,
      );
    }
    if (!Number.isSafeInteger(spaceBytes) || spaceBytes < 0 || spaceBytes > TORRENT_LENGTH_BYTES_MAX) {
      throw new MetainfoError(
        'bad_length',
        `place files in pieces: found ${spaceBytes} bytes, at most ${TORRENT_LENGTH_BYTES_MAX} are wanted`,
      );
    }
    this.pieceLengthBytes = pieceLengthBytes;
    this.spaceBytes = spaceBytes;
    this.pieceCount = Math.ceil(spaceBytes / pieceLengthBytes);
    if (this.pieceCount > PIECE_COUNT_MAX) {
      throw new MetainfoError(
        'too_many_pieces',
        `place files in pieces: found ${this.pieceCount} pieces, at most ${PIECE_COUNT_MAX} are wanted`,
      );
    }
    this.#files = files;
    this.#filled = [];
    let end = 0;
    for (const [index, file] of files.entries()) {
      if (file.lengthBytes === 0) continue;
      if (file.lengthBytes < 0 || file.offsetBytes < end || file.offsetBytes + file.lengthBytes > spaceBytes) {
        throw new MetainfoError(
          'bad_length',
          `place files in pieces: file ${index} overlaps another or leaves the piece space`,
        );
      }
      end = file.offsetBytes + file.lengthBytes;
      this.#filled.push(index);
    }
  }

  /** The piece as v1 hashes it, pads included: all are of the piece length but the last. */
  pieceSizeBytes(piece: number): number {
    return Math.min(this.pieceLengthBytes, this.spaceBytes - this.#begin(piece));
  }

  /** Zeros at the end of the piece that belong to no file. */
  padBytesOfPiece(piece: number): number {
    return this.pieceSizeBytes(piece) - this.filledBytesOfPiece(piece);
  }

  /** Where the last file of the piece ends: nothing past it need be asked for. */
  filledBytesOfPiece(piece: number): number {
    const last = this.filesOfPiece(piece).at(-1);
    return last ? last.pieceOffsetBytes + last.lengthBytes : 0;
  }

  /** The runs of file bytes in a piece, or in a part of it, in order. What they leave out is padding. */
  filesOfPiece(
    piece: number,
    beginBytes = 0,
    lengthBytes: number = this.pieceSizeBytes(piece) - beginBytes,
  ): FileSpan[] {
    const pieceAt = this.#begin(piece);
    if (beginBytes < 0 || lengthBytes < 0 || beginBytes + lengthBytes > this.pieceSizeBytes(piece)) {
      throw new RangeError(`piece ${piece} has no bytes ${beginBytes} to ${beginBytes + lengthBytes}`);
    }
    const begin = pieceAt + beginBytes;
    const end = begin + lengthBytes;
    const spans: FileSpan[] = [];
    for (let at = this.#firstEndingAfter(begin); at < this.#filled.length; at += 1) {
      const fileIndex = this.#filled[at] ?? 0;
      const file = this.#file(fileIndex);
      if (file.offsetBytes >= end) break;
      const from = Math.max(begin, file.offsetBytes);
      const to = Math.min(end, file.offsetBytes + file.lengthBytes);
      if (to > from) {
        spans.push({
          fileIndex,
          fileOffsetBytes: from - file.offsetBytes,
          pieceOffsetBytes: from - pieceAt,
          lengthBytes: to - from,
        });
      }
    }
    return spans;
  }

  /** Pieces that hold bytes of the file; an empty range for an empty file. */
  piecesOfFile(fileIndex: number): PieceRange {
    const { offsetBytes, lengthBytes } = this.#file(fileIndex);
    const first = Math.floor(offsetBytes / this.pieceLengthBytes);
    return { first, end: lengthBytes === 0 ? first : Math.ceil((offsetBytes + lengthBytes) / this.pieceLengthBytes) };
  }

  #begin(piece: number): number {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.pieceCount) {
      throw new RangeError(`there is no piece ${piece} of ${this.pieceCount}`);
    }
    return piece * this.pieceLengthBytes;
  }

  #file(fileIndex: number): PlacedFile {
    const file = this.#files[fileIndex];
    if (!file) throw new RangeError(`there is no file ${fileIndex} of ${this.#files.length}`);
    return file;
  }

  /** Position in `#filled` of the first file that ends after a byte of the piece space. */
  #firstEndingAfter(at: number): number {
    let low = 0;
    let high = this.#filled.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const file = this.#file(this.#filled[middle] ?? 0);
      if (file.offsetBytes + file.lengthBytes > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
