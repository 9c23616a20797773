export { MerkleError } from './merkle-error.ts';
export type { MerkleErrorCode } from './merkle-error.ts';
export {
  blockHashesOf,
  leafCountOfPiece,
  pieceLayerFromBlocks,
  piecesRootFromBlocks,
  pieceRoot,
  rootOfLayer,
} from './layers.ts';
export { MerkleHasher } from './merkle-hasher.ts';
export type { MerkleDigest } from './merkle-hasher.ts';
export { PROOF_HASHES_MAX, proofOf, rootFromProof } from './proof.ts';
export type { ProofRange } from './proof.ts';
export { BLOCK_LENGTH_BYTES, foldLayer, HASH_LENGTH_BYTES, heightOver, padHash, pieceHeight } from './tree.ts';
