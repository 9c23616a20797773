export type TransferErrorCode =
  | 'no_sources'
  | 'timed_out'
  | 'stopped'
  /** Every web seed is proven to send wrong bytes, and no peer has what is missing. */
  | 'bad_content'
  | 'listen_failed'
  /** Another program has the port that was asked for. */
  | 'port_taken'
  | 'piece_not_written'
  | 'file_too_short'
  | 'torrent_incomplete'
  /** Bytes on disk are not as they were verified. */
  | 'file_damaged'
  /** The session has this torrent. */
  | 'torrent_added'
  | 'session_closed';

/** Why a transfer ended before it had everything. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly code: TransferErrorCode;

  constructor(code: TransferErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
