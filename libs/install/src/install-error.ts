export type InstallErrorCode =
  /** Too little room; nothing of the installed release was changed. */
  | 'disk_full'
  /** A document under `.swarmpatch` fails its checksum or its schema. */
  | 'state_corrupt'
  /** A document under `.swarmpatch` was written by a later version. */
  | 'state_too_new'
  /** No release is installed here, or none of this game. */
  | 'not_installed'
  | 'other_game'
  /** A directory on the way to an owned file is a link, which could lead outside the install. */
  | 'parent_is_link'
  /** A file of the release cannot be read or written: in use, or the user may not. */
  | 'file_refused'
  /** What was staged does not match the signed pieces roots. */
  | 'staged_damaged'
  /** Another process works on this install. */
  | 'install_locked';

/** What went wrong with an install; `path` is relative to it. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallErrorCode;
  readonly path: string | undefined;
  /** With `disk_full`: how much room is missing, where known. */
  readonly missingBytes: number | undefined;

  constructor(
    code: InstallErrorCode,
    message: string,
    details: { path?: string; missingBytes?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.missingBytes = details.missingBytes;
  }
}

/** What is to be staged or committed is not what was checked any more. */
export function changedMeanwhile(path: string): InstallError {
  return new InstallError(
    'staged_damaged',
    `stage ${path}: found it changed after it was checked, wanted it as it was; run the command again`,
    { path },
  );
}
