export type BencodeErrorCode =
  | 'bencode_too_long'
  | 'bencode_truncated'
  | 'bencode_trailing_data'
  | 'bencode_bad_token'
  | 'bencode_bad_integer'
  | 'bencode_bad_string'
  | 'bencode_bad_key'
  | 'bencode_unsorted_keys'
  | 'bencode_duplicate_key'
  | 'bencode_too_deep'
  | 'bencode_too_many_tokens'
  | 'bencode_wrong_kind'
  | 'bencode_missing_key'
  | 'bencode_unencodable';

/** What is wrong with a bencoded value, and at which byte of the input. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError';
  readonly code: BencodeErrorCode;
  /** Bytes from the start of the input; -1 when there is no input, as when encoding. */
  readonly offset: number;

  constructor(code: BencodeErrorCode, message: string, offset = -1) {
    super(offset < 0 ? message : `${message} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}
