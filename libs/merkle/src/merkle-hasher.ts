import { Buffer } from 'node:buffer';

import { piecesRootFromBlocks } from './layers.ts';
import { BLOCK_LENGTH_BYTES, HASH_LENGTH_BYTES, foldLayer, pieceHeight, rootOver, sha256Into } from './tree.ts';

const PIECE_LENGTH_BYTES = 4 * 1024 * 1024;
const HASHES_AT_FIRST = 8;

export interface MerkleDigest {
  readonly lengthBytes: number;
  /** 32 bytes; all zero for an empty file, which has no pieces root in a torrent. */
  readonly piecesRoot: Uint8Array;
  /** 32 bytes per piece; of a file that ends inside its first piece, that piece padded with zero leaves. */
  readonly pieceLayer: Uint8Array;
}

/** Hashes a file that arrives in chunks of any size. Keeps one block, one piece's block hashes and 32 bytes a piece. */
export class MerkleHasher {
  readonly #height: number;
  readonly #leavesPerPiece: number;
  readonly #leaves: HashList = new HashList();
  readonly #layer: HashList = new HashList();
  #partial: Buffer | undefined;
  #partialBytes = 0;
  #lengthBytes = 0;

  /**
   * @param options.pieceLengthBytes Which piece layer is wanted; the pieces root is the same for all.
   * @throws {MerkleError} `bad_piece_length`
   */
  constructor(options: { readonly pieceLengthBytes?: number } = {}) {
    this.#height = pieceHeight(options.pieceLengthBytes ?? PIECE_LENGTH_BYTES);
    this.#leavesPerPiece = 2 ** this.#height;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  update(chunk: Uint8Array): this {
    this.#lengthBytes += chunk.length;
    let at = this.#fillPartial(chunk);
    for (; at + BLOCK_LENGTH_BYTES <= chunk.length; at += BLOCK_LENGTH_BYTES) {
      this.#addBlock(chunk.subarray(at, at + BLOCK_LENGTH_BYTES));
    }
    if (at < chunk.length) {
      this.#partial ??= Buffer.allocUnsafeSlow(BLOCK_LENGTH_BYTES);
      this.#partial.set(chunk.subarray(at));
      this.#partialBytes = chunk.length - at;
    }
    return this;
  }

  /** May be called once, after the last chunk. */
  digest(): MerkleDigest {
    if (this.#partial && this.#partialBytes > 0) this.#addBlock(this.#partial.subarray(0, this.#partialBytes));
    this.#partialBytes = 0;
    const isShort = this.#layer.count === 0;
    const shortRoot = piecesRootFromBlocks(this.#leaves.hashes);
    if (this.#leaves.count > 0) this.#closePiece();
    const pieceLayer = this.#layer.hashes;
    return {
      lengthBytes: this.#lengthBytes,
      pieceLayer,
      piecesRoot: isShort ? shortRoot : rootOver(pieceLayer, this.#height),
    };
  }

  /** Returns how much of the chunk went into the block that was begun before. */
  #fillPartial(chunk: Uint8Array): number {
    if (!this.#partial || this.#partialBytes === 0) return 0;
    const taken = Math.min(BLOCK_LENGTH_BYTES - this.#partialBytes, chunk.length);
    this.#partial.set(chunk.subarray(0, taken), this.#partialBytes);
    this.#partialBytes += taken;
    if (this.#partialBytes === BLOCK_LENGTH_BYTES) {
      this.#addBlock(this.#partial);
      this.#partialBytes = 0;
    }
    return taken;
  }

  #addBlock(block: Uint8Array): void {
    // The full piece waits for the next block: a file of one whole piece needs its blocks at the end.
    if (this.#leaves.count === this.#leavesPerPiece) this.#closePiece();
    this.#leaves.addHashOf(block);
  }

  #closePiece(): void {
    this.#layer.add(foldLayer(this.#leaves.hashes, 0, this.#height));
    this.#leaves.clear();
  }
}

class HashList {
  #bytes: Buffer = Buffer.allocUnsafeSlow(HASHES_AT_FIRST * HASH_LENGTH_BYTES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get hashes(): Uint8Array {
    return this.#bytes.subarray(0, this.#count * HASH_LENGTH_BYTES);
  }

  add(hash: Uint8Array): void {
    const at = this.#place();
    this.#bytes.set(hash, at);
  }

  addHashOf(block: Uint8Array): void {
    const at = this.#place();
    sha256Into(this.#bytes, at, block);
  }

  /** Room for one more hash. */
  #place(): number {
    const at = this.#count * HASH_LENGTH_BYTES;
    if (at === this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#count += 1;
    return at;
  }

  clear(): void {
    this.#count = 0;
  }
}
