export type ReleaseErrorCode =
  | 'bad_game_id'
  | 'bad_version'
  | 'bad_channel'
  | 'bad_rollout'
  | 'bad_manifest'
  | 'bad_channel_record'
  | 'bad_patch_listing'
  | 'manifest_too_large'
  | 'torrent_mismatch'
  | 'no_previous_release';

/** A name, version or release document that breaks the rules; `path` is the file or field at fault. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
  readonly code: ReleaseErrorCode;
  readonly path: string | undefined;

  constructor(code: ReleaseErrorCode, message: string, path?: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}
