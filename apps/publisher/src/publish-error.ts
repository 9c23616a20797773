export type PublishErrorCode =
  | 'wrong_keys'
  | 'version_exists'
  | 'game_not_found'
  | 'game_not_ready'
  | 'game_exists'
  | 'release_not_found'
  | 'channel_not_found'
  | 'file_changed'
  | 'not_a_build'
  | 'bad_archive'
  | 'unsafe_archive'
  | 'unpack_failed'
  | 'bad_notes'
  | 'publish_conflict'
  | 'upload_failed';

/** A publishing command that cannot go on; nothing of what it was to publish is visible to players. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: PublishErrorCode;
  readonly path: string | undefined;

  constructor(code: PublishErrorCode, message: string, detail: { path?: string; cause?: unknown } = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.path = detail.path;
  }
}
