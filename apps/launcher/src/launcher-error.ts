export type LauncherErrorCode =
  /** The origin does not say which root the game has, and none was given. */
  | 'no_root_fingerprint'
  /** This install was pinned to another root than the one given now. */
  | 'wrong_root'
  | 'no_earlier_release'
  /** The signed metadata names no such release, or channel. */
  | 'release_not_found'
  | 'channel_not_found'
  /** Torrent and manifest of a release are not of the same files. */
  | 'release_mismatch'
  /** The torrent of a patch is not the one that is listed. */
  | 'patch_mismatch'
  /** What arrived is wrong on disk every time. */
  | 'disk_unreliable'
  /** No file is what the player wants first. */
  | 'glob_unmatched'
  /** What is to be downloaded would lie where the launcher keeps its own files. */
  | 'reserved_name'
  /** The address of the API is taken. */
  | 'api_failed'
  /** What should be server-sent events never ends one. */
  | 'bad_event_stream';

/** A launcher command that cannot go on; the install is as it was. */
export class LauncherError extends Error {
  override readonly name = 'LauncherError';
  readonly code: LauncherErrorCode;

  constructor(code: LauncherErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
