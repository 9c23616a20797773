import { Buffer } from 'node:buffer';

import { foldLayer, HASH_LENGTH_BYTES, heightOver, padHash, pieceHeight } from '@swarmpatch/merkle';

/** A file's hash tree as far as its piece layer tells (BEP 52). Heights count from the blocks, 0. */
export class FileTree {
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** In the torrent's numbering; the file's pieces follow each other. */
  readonly firstPiece: number;
  readonly pieceCount: number;
  readonly blockCount: number;
  /** Of the root. */
  readonly height: number;
  /** Of the piece layer; of a file no longer than one piece, the root is its only piece. */
  readonly pieceHeight: number;
  readonly #layer: Uint8Array | undefined;
  #levels: Uint8Array[] | undefined;

  /** @param options.layer One hash for each piece; undefined of a file of one piece, and where it is not known. */
  constructor(options: {
    root: Uint8Array;
    lengthBytes: number;
    pieceLengthBytes: number;
    blockLengthBytes: number;
    firstPiece: number;
    layer: Uint8Array | undefined;
  }) {
    const { lengthBytes, pieceLengthBytes, blockLengthBytes } = options;
    this.root = options.root;
    this.firstPiece = options.firstPiece;
    this.pieceCount = Math.ceil(lengthBytes / pieceLengthBytes);
    this.blockCount = Math.ceil(lengthBytes / blockLengthBytes);
    this.height = heightOver(this.blockCount);
    this.pieceHeight = this.pieceCount > 1 ? pieceHeight(pieceLengthBytes) : this.height;
    this.#layer = this.pieceCount > 1 ? options.layer : options.root;
  }

  /** Leaves under one piece: padding, where the file ends before. */
  get leavesPerPiece(): number {
    return 2 ** this.pieceHeight;
  }

  /** Whether the hashes of the pieces, and all above, are known. */
  get hasLayer(): boolean {
    return this.#layer !== undefined;
  }

  /** Blocks of one of the file's pieces; the last may have fewer. */
  blocksOf(pieceInFile: number): number {
    return Math.min(this.leavesPerPiece, this.blockCount - pieceInFile * this.leavesPerPiece);
  }

  /** Whether these are the hashes of the piece's blocks. */
  matches(pieceInFile: number, leafHashes: Uint8Array): boolean {
    if (leafHashes.length !== this.blocksOf(pieceInFile) * HASH_LENGTH_BYTES) return false;
    const wanted = this.#layer && this.nodeAt(this.pieceHeight, pieceInFile);
    return wanted !== undefined && Buffer.compare(foldLayer(leafHashes, 0, this.pieceHeight), wanted) === 0;
  }

  /** A node of the piece layer or above it; padding past the file's end. Undefined when the layer is not known. */
  nodeAt(height: number, index: number): Uint8Array | undefined {
    if (!this.#layer || height < this.pieceHeight) return undefined;
    const level = this.#levelAt(this.#layer, height - this.pieceHeight);
    const at = index * HASH_LENGTH_BYTES;
    return at < level.length ? level.subarray(at, at + HASH_LENGTH_BYTES) : padHash(height);
  }

  #levelAt(layer: Uint8Array, levels: number): Uint8Array {
    this.#levels ??= [layer];
    for (let level = this.#levels.length; level <= levels; level += 1) {
      this.#levels.push(foldLayer(this.#levels[level - 1] ?? layer, this.pieceHeight + level - 1, 1));
    }
    return this.#levels[levels] ?? layer;
  }
}
