import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

import { MerkleError } from './merkle-error.ts';

/** Leaves of the tree are hashes of blocks of this length (BEP 52). */
export const BLOCK_LENGTH_BYTES = 16_384;
export const HASH_LENGTH_BYTES = 32;

/** Trees deeper than this cover more bytes than a safe integer counts. */
const HEIGHT_MAX = 40;

/** `padHashes[h]` is the root of a tree of height h whose leaves are all past the end of the file: 32 zero bytes each. */
const padHashes: Uint8Array[] = [new Uint8Array(HASH_LENGTH_BYTES)];
for (let height = 1; height <= HEIGHT_MAX; height += 1) {
  const below = padHash(height - 1);
  padHashes.push(new Uint8Array(sha256(Buffer.concat([below, below]))));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** A digest as text and back costs half of what a Buffer for each digest does, and there are two for every block. */
export function sha256Into(target: Buffer, offset: number, bytes: Uint8Array): void {
  target.write(hash('sha256', bytes, 'binary'), offset, HASH_LENGTH_BYTES, 'latin1');
}

/** Root of a tree of that height with nothing but padding leaves, 32 bytes; not to be written to. */
export function padHash(height: number): Uint8Array {
  const found = padHashes[height];
  if (!found)
    throw new MerkleError(
      'bad_hash_list',
      `build a hash tree: found height ${height}, at most ${HEIGHT_MAX} is wanted`,
    );
  return found;
}

/** Height of the smallest balanced tree over `count` nodes: 0 for one node. */
export function heightOver(count: number): number {
  return count <= 1 ? 0 : Math.ceil(Math.log2(count));
}

/**
 * Height of a piece's subtree: 0 when a piece is one block.
 *
 * @throws {MerkleError} `bad_piece_length` unless it is a power of two, at least 16 KiB
 */
export function pieceHeight(pieceLengthBytes: number): number {
  const height = Math.log2(pieceLengthBytes / BLOCK_LENGTH_BYTES);
  if (!Number.isInteger(height) || height < 0) {
    throw new MerkleError(
      'bad_piece_length',
      `build a hash tree: found piece length ${pieceLengthBytes}, a power of two from ${BLOCK_LENGTH_BYTES} is wanted`,
    );
  }
  return height;
}

/**
 * Folds a layer up `levels` levels.
 *
 * @param layer Hashes in file order, 32 bytes each, concatenated.
 * @param layerHeight How far above the blocks the layer is: decides what stands for nodes past its end.
 * @returns The layer above, one hash for each 2^levels of the layer, the last one padded.
 */
export function foldLayer(layer: Uint8Array, layerHeight: number, levels: number): Uint8Array {
  let nodes = Buffer.from(layer.buffer, layer.byteOffset, hashCount(layer) * HASH_LENGTH_BYTES);
  for (let level = 0; level < levels; level += 1) nodes = foldOnce(nodes, padHash(layerHeight + level));
  return nodes;
}

function foldOnce(nodes: Buffer, pad: Uint8Array): Buffer {
  const pair = 2 * HASH_LENGTH_BYTES;
  const whole = Math.floor(nodes.length / pair);
  const above = Buffer.allocUnsafeSlow(Math.ceil(nodes.length / pair) * HASH_LENGTH_BYTES);
  for (let index = 0; index < whole; index += 1) {
    sha256Into(above, index * HASH_LENGTH_BYTES, nodes.subarray(index * pair, (index + 1) * pair));
  }
  if (whole * pair < nodes.length) {
    sha256Into(above, whole * HASH_LENGTH_BYTES, Buffer.concat([nodes.subarray(whole * pair), pad]));
  }
  return above;
}

/** Root of the smallest balanced tree over a layer; 32 zero bytes for an empty one. */
export function rootOver(layer: Uint8Array, layerHeight: number): Uint8Array {
  const count = hashCount(layer);
  return count === 0 ? padHash(layerHeight) : foldLayer(layer, layerHeight, heightOver(count));
}

/** @throws {MerkleError} `bad_hash_list` */
export function hashCount(layer: Uint8Array): number {
  if (layer.length % HASH_LENGTH_BYTES !== 0) {
    throw new MerkleError(
      'bad_hash_list',
      `read hashes: found ${layer.length} bytes, a multiple of ${HASH_LENGTH_BYTES} is wanted`,
    );
  }
  return layer.length / HASH_LENGTH_BYTES;
}
