import { Buffer } from 'node:buffer';

import { MerkleError } from './merkle-error.ts';
import { HASH_LENGTH_BYTES, foldLayer, hashCount, heightOver, padHash, sha256 } from './tree.ts';

/** BEP 52: "Length SHOULD NOT be greater than 512". */
export const PROOF_HASHES_MAX = 512;

/** A range of a layer, as a `hash request` (BEP 52) names it. */
export interface ProofRange {
  /** A multiple of `length`. */
  readonly index: number;
  /** A power of two; the range may reach past the end of the layer. */
  readonly length: number;
}

/**
 * Uncle hashes that lead from a range of a layer to the root, lowest first (BEP 52, "hashes").
 *
 * @param layer All hashes of the layer, 32 bytes each.
 * @param layerHeight How far above the blocks the layer is.
 * @throws {MerkleError} `bad_proof_range`
 */
export function proofOf(layer: Uint8Array, layerHeight: number, range: ProofRange): Uint8Array {
  const levels = heightOver(hashCount(layer));
  const rangeLevels = checkRange(range, 2 ** levels);
  const uncles: Uint8Array[] = [];
  let nodes = foldLayer(layer, layerHeight, rangeLevels);
  let index = range.index / range.length;
  for (let level = rangeLevels; level < levels; level += 1) {
    const begin = (index ^ 1) * HASH_LENGTH_BYTES;
    uncles.push(begin < nodes.length ? nodes.subarray(begin, begin + HASH_LENGTH_BYTES) : padHash(layerHeight + level));
    nodes = foldLayer(nodes, layerHeight + level, 1);
    index >>>= 1;
  }
  return Buffer.concat(uncles);
}

/**
 * Root that a range of hashes and its uncles lead to: to be compared with the pieces root.
 *
 * @param hashes The range; where it is cut short by the end of the layer, padding stands for the rest.
 * @throws {MerkleError} `bad_proof_range`, `bad_hash_list`
 */
export function rootFromProof(
  hashes: Uint8Array,
  layerHeight: number,
  range: ProofRange,
  proof: Uint8Array,
): Uint8Array {
  const proofCount = hashCount(proof);
  const rangeLevels = checkRange(range, range.length * 2 ** proofCount);
  const count = hashCount(hashes);
  if (count === 0 || count > range.length) {
    throw new MerkleError(
      'bad_proof_range',
      `check a hash proof: found ${count} hashes, 1 to ${range.length} are wanted`,
    );
  }
  let node = foldLayer(hashes, layerHeight, rangeLevels);
  let index = range.index / range.length;
  for (let level = 0; level < proofCount; level += 1) {
    const uncle = proof.subarray(level * HASH_LENGTH_BYTES, (level + 1) * HASH_LENGTH_BYTES);
    node = sha256(index % 2 === 0 ? Buffer.concat([node, uncle]) : Buffer.concat([uncle, node]));
    index >>>= 1;
  }
  return node;
}

function checkRange({ index, length }: ProofRange, width: number): number {
  const levels = heightOver(length);
  const fits = Number.isSafeInteger(index) && index >= 0 && index + length <= width;
  if (!fits || 2 ** levels !== length || length > PROOF_HASHES_MAX || index % length !== 0) {
    throw new MerkleError(
      'bad_proof_range',
      `check a hash proof: found index ${index} and length ${length}, a range aligned to its own power-of-two length within ${width} is wanted`,
    );
  }
  return levels;
}
