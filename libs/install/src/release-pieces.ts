import { HASH_LENGTH_BYTES, leafCountOfPiece, pieceRoot } from '@swarmpatch/merkle';
import type { Manifest } from '@swarmpatch/release';
import { InstallError } from './install-error.ts';

/** Piece layers by the pieces root (hex) of their file: 32 bytes a piece. Files no longer than one piece have none. */
export type PieceLayers = (piecesRoot: string) => Uint8Array | undefined;

/**
 * Which piece is where in one release (BEP 52: every file begins a piece), and the hash that each must have.
 *
 * A piece has two numbers: its own in the torrent, and its place in its file.
 */
export class ReleasePieces {
  readonly manifest: Manifest;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly #firstPieces: number[] = [];
  readonly #layers: PieceLayers;

  /** @throws {InstallError} `state_corrupt` when a layer is missing or of another length than its file wants */
  constructor(manifest: Manifest, layers: PieceLayers) {
    this.manifest = manifest;
    this.pieceLengthBytes = manifest.torrent.pieceLength;
    this.#layers = layers;
    let pieceCount = 0;
    for (const file of manifest.files) {
      this.#firstPieces.push(pieceCount);
      const count = this.piecesIn(file.length);
      pieceCount += count;
      if (count < 2 || file.piecesRoot === undefined) continue;
      const layerBytes = layers(file.piecesRoot)?.length ?? 0;
      if (layerBytes === count * HASH_LENGTH_BYTES) continue;
      throw new InstallError(
        'state_corrupt',
        `read torrent of ${manifest.version}: found ${layerBytes} bytes of piece layer of ${file.path}, wanted ${count * HASH_LENGTH_BYTES}`,
        { path: file.path },
      );
    }
    this.pieceCount = pieceCount;
  }

  /** The number in the torrent of the first piece of a file. */
  firstPieceOf(fileIndex: number): number {
    const first = this.#firstPieces[fileIndex];
    if (first === undefined)
      throw new RangeError(`piece of file ${fileIndex}: found ${this.#firstPieces.length} files`);
    return first;
  }

  pieceCountOf(fileIndex: number): number {
    return this.piecesIn(this.manifest.files[fileIndex]?.length ?? 0);
  }

  piecesIn(lengthBytes: number): number {
    return Math.ceil(lengthBytes / this.pieceLengthBytes);
  }

  /** Bytes of the file in one of its pieces. */
  pieceSizeBytes(fileLengthBytes: number, pieceInFile: number): number {
    return Math.min(this.pieceLengthBytes, fileLengthBytes - pieceInFile * this.pieceLengthBytes);
  }

  /** 32 bytes a piece: the file's layer, or its root alone when it has one piece. Empty for an empty file or a link. */
  hashesOf(fileIndex: number): Uint8Array {
    const file = this.manifest.files[fileIndex];
    if (file?.piecesRoot === undefined) return new Uint8Array();
    return this.hashesOfContent(file.piecesRoot, file.length) ?? new Uint8Array();
  }

  /** As `hashesOf`, for any content of which the layer is known. */
  hashesOfContent(piecesRoot: string, lengthBytes: number): Uint8Array | undefined {
    return this.piecesIn(lengthBytes) > 1 ? this.#layers(piecesRoot) : Buffer.from(piecesRoot, 'hex');
  }

  /** Is this the content of that piece? */
  isPiece(fileIndex: number, pieceInFile: number, data: Uint8Array): boolean {
    const wanted = hashAt(this.hashesOf(fileIndex), pieceInFile);
    const lengthBytes = this.manifest.files[fileIndex]?.length ?? 0;
    if (wanted === undefined || data.length !== this.pieceSizeBytes(lengthBytes, pieceInFile)) return false;
    return wanted.equals(pieceRoot(data, leafCountOfPiece(this.pieceLengthBytes, lengthBytes)));
  }
}

/** @returns the hash of one piece out of a layer, or undefined past its end. */
export function hashAt(hashes: Uint8Array, piece: number): Buffer | undefined {
  const start = piece * HASH_LENGTH_BYTES;
  if (start + HASH_LENGTH_BYTES > hashes.length) return undefined;
  return Buffer.from(hashes.buffer, hashes.byteOffset + start, HASH_LENGTH_BYTES);
}

/** One bit a piece, the first piece in the highest bit of the first byte (BEP 3). */
export class PieceSet {
  readonly bits: Uint8Array;
  readonly pieceCount: number;

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
    this.bits = new Uint8Array(Math.ceil(pieceCount / 8));
  }

  has(piece: number): boolean {
    return ((this.bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
  }

  add(piece: number): void {
    this.#check(piece);
    this.bits[piece >> 3] = (this.bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
  }

  delete(piece: number): void {
    this.#check(piece);
    this.bits[piece >> 3] = (this.bits[piece >> 3] ?? 0) & ~(0x80 >> (piece & 7));
  }

  addRange(first: number, count: number): void {
    for (let piece = first; piece < first + count; piece += 1) this.add(piece);
  }

  get size(): number {
    let size = 0;
    for (let piece = 0; piece < this.pieceCount; piece += 1) if (this.has(piece)) size += 1;
    return size;
  }

  #check(piece: number): void {
    if (piece < 0 || piece >= this.pieceCount)
      throw new RangeError(`piece ${piece}: found a set of ${this.pieceCount}`);
  }
}
