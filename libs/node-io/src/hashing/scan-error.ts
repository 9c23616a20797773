export type ScanErrorCode =
  | 'not_found'
  | 'unreadable'
  | 'unsupported_file'
  | 'unportable_path'
  | 'path_collision'
  | 'link_outside'
  | 'too_many_files'
  | 'file_changed';

/** Why a directory cannot be published, and which file is to blame. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
  readonly code: ScanErrorCode;
  /** Relative to what was scanned, or as it was given. */
  readonly path: string;

  constructor(code: ScanErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

/** The error code of the operating system, such as ENOENT. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown';
}

/** What an operating system's refusal means to someone who publishes. */
export function unreadable(path: string, code: string, cause?: unknown): ScanError {
  if (code === 'ENOENT')
    return new ScanError('not_found', path, `read ${JSON.stringify(path)}: there is no such file (ENOENT)`, { cause });
  return new ScanError(
    'unreadable',
    path,
    `read ${JSON.stringify(path)}: the system refuses (${code}); make it readable or leave it out`,
    { cause },
  );
}
