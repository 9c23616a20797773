export type MerkleErrorCode = 'bad_piece_length' | 'bad_hash_list' | 'bad_proof_range';

export class MerkleError extends Error {
  override readonly name = 'MerkleError';
  readonly code: MerkleErrorCode;

  constructor(code: MerkleErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
