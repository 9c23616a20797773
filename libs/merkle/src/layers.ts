import { Buffer } from 'node:buffer';

import { MerkleError } from './merkle-error.ts';
import {
  BLOCK_LENGTH_BYTES,
  HASH_LENGTH_BYTES,
  foldLayer,
  hashCount,
  heightOver,
  pieceHeight,
  rootOver,
  sha256Into,
} from './tree.ts';

/** SHA-256 of each 16 KiB block, 32 bytes each, concatenated; the last block may be short. */
export function blockHashesOf(data: Uint8Array): Uint8Array {
  const count = Math.ceil(data.length / BLOCK_LENGTH_BYTES);
  const hashes = Buffer.allocUnsafeSlow(count * HASH_LENGTH_BYTES);
  for (let index = 0; index < count; index += 1) {
    const begin = index * BLOCK_LENGTH_BYTES;
    sha256Into(
      hashes,
      index * HASH_LENGTH_BYTES,
      data.subarray(begin, Math.min(begin + BLOCK_LENGTH_BYTES, data.length)),
    );
  }
  return hashes;
}

/**
 * Root of the tree over a file's block hashes (BEP 52, "pieces root").
 *
 * @param blockHashes As of `blockHashesOf`. Leaves past the end of the file are 32 zero bytes.
 */
export function piecesRootFromBlocks(blockHashes: Uint8Array): Uint8Array {
  return rootOver(blockHashes, 0);
}

/**
 * Folds the block hashes of one file into its piece layer (BEP 52, "piece layers").
 *
 * @param pieceLengthBytes A power of two, at least 16 KiB.
 * @returns 32 bytes per piece, concatenated in piece order.
 * @throws {MerkleError} `bad_piece_length`, `bad_hash_list`
 */
export function pieceLayerFromBlocks(blockHashes: Uint8Array, pieceLengthBytes: number): Uint8Array {
  return foldLayer(blockHashes, 0, pieceHeight(pieceLengthBytes));
}

/**
 * Pieces root of a file from its piece layer: to check a torrent's "piece layers".
 *
 * @throws {MerkleError} `bad_hash_list` when the layer has not exactly one hash for each piece of the file
 */
export function rootOfLayer(layer: Uint8Array, pieceLengthBytes: number, lengthBytes: number): Uint8Array {
  const wanted = Math.ceil(lengthBytes / pieceLengthBytes);
  if (hashCount(layer) !== wanted) {
    throw new MerkleError(
      'bad_hash_list',
      `read a piece layer: found ${hashCount(layer)} hashes, ${wanted} are wanted`,
    );
  }
  return rootOver(layer, pieceHeight(pieceLengthBytes));
}

/**
 * Root of one piece's blocks, the rest of `leafCount` leaves being 32 zero bytes.
 *
 * @param data The piece without padding: it ends where its file ends.
 * @param leafCount A power of two; see `leafCountOfPiece`.
 * @throws {MerkleError} `bad_hash_list` when the data has more blocks than that
 */
export function pieceRoot(data: Uint8Array, leafCount: number): Uint8Array {
  const height = heightOver(leafCount);
  if (2 ** height !== leafCount || data.length > leafCount * BLOCK_LENGTH_BYTES) {
    throw new MerkleError(
      'bad_hash_list',
      `hash a piece: found ${data.length} bytes for ${leafCount} blocks, a power of two that holds them is wanted`,
    );
  }
  const blocks = blockHashesOf(data);
  return blocks.length === 0 ? rootOver(blocks, height) : foldLayer(blocks, 0, height);
}

/** Leaves under a piece's root: all of a piece, but of a file no longer than one piece, the file's own balanced tree. */
export function leafCountOfPiece(pieceLengthBytes: number, fileLengthBytes: number): number {
  const bytes = Math.min(pieceLengthBytes, fileLengthBytes);
  return 2 ** heightOver(Math.ceil(bytes / BLOCK_LENGTH_BYTES));
}
