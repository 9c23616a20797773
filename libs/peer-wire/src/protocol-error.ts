export type ProtocolErrorCode =
  | 'bad_handshake'
  | 'message_too_long'
  | 'bad_message_length'
  | 'bad_extension'
  | 'bad_bitfield'
  | 'bad_piece_index'
  | 'bad_block'
  | 'bad_sequence'
  | 'too_many_requests'
  | 'too_many_messages'
  | 'bad_metadata'
  | 'bad_encryption'
  | 'encryption_refused'
  | 'unknown_torrent';

/** What a peer did against the protocol. Final: the connection is dropped. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
