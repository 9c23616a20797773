import { HASH_LENGTH_BYTES } from '@swarmpatch/merkle';
import { PieceVerifier, type Metainfo } from '@swarmpatch/metainfo';
import type { Manifest } from '@swarmpatch/release';

/** A release's manifest beside its torrent: which piece is where, and the hash that each must have. */
export class ReleasePieces {
  readonly manifest: Manifest;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly #metainfo: Metainfo;
  readonly #verifier: PieceVerifier;
  readonly #layers = new Map<string, Uint8Array>();

  /** @param metainfo The release's torrent, v2 or hybrid; its files are those of the manifest, in the same order. */
  constructor(manifest: Manifest, metainfo: Metainfo) {
    this.manifest = manifest;
    this.pieceLengthBytes = metainfo.pieceLengthBytes;
    this.pieceCount = metainfo.pieceCount;
    this.#metainfo = metainfo;
    this.#verifier = new PieceVerifier(metainfo);
    for (const [fileIndex, { piecesRoot }] of manifest.files.entries()) {
      const layer = metainfo.pieceHashes.layers[fileIndex];
      if (piecesRoot !== undefined && layer !== undefined) this.#layers.set(piecesRoot, layer);
    }
  }

  /** The number in the torrent of the first piece of a file. */
  firstPieceOf(fileIndex: number): number {
    return this.#metainfo.geometry.piecesOfFile(fileIndex).first;
  }

  pieceCountOf(fileIndex: number): number {
    const { first, end } = this.#metainfo.geometry.piecesOfFile(fileIndex);
    return end - first;
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
    const root = this.manifest.files[fileIndex]?.piecesRoot;
    return root === undefined ? new Uint8Array() : (this.layerOf(root) ?? Buffer.from(root, 'hex'));
  }

  /** @param piecesRoot 32 bytes. */
  isRootOf(fileIndex: number, piecesRoot: Uint8Array): boolean {
    return Buffer.from(piecesRoot).toString('hex') === this.manifest.files[fileIndex]?.piecesRoot;
  }

  /** The piece layer of any content of this release that is longer than a piece. */
  layerOf(piecesRoot: string): Uint8Array | undefined {
    return this.#layers.get(piecesRoot);
  }

  /** All of them, by pieces root. */
  get layers(): ReadonlyMap<string, Uint8Array> {
    return this.#layers;
  }

  /** Is this the content of that piece of the torrent? Without padding. */
  isPiece(piece: number, data: Uint8Array): boolean {
    return this.#verifier.verify(piece, data);
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
