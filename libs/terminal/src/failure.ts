/** A failure as it is told to a user: a stable code and one sentence. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

const CODED = /^[a-z][a-z0-9_]*$/;

/** What system errors mean to a user, by the names of errno(3). */
const SYSTEM_CODES: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'disk_full'],
  ['EDQUOT', 'disk_full'],
  ['EACCES', 'permission_denied'],
  ['EPERM', 'permission_denied'],
  ['EROFS', 'read_only'],
  ['ENOENT', 'not_found'],
  ['ENOTDIR', 'not_a_directory'],
  ['EISDIR', 'is_a_directory'],
  ['EMFILE', 'too_many_open_files'],
  ['ENFILE', 'too_many_open_files'],
  ['EADDRINUSE', 'address_in_use'],
  ['EADDRNOTAVAIL', 'address_not_available'],
  ['ECONNREFUSED', 'unreachable'],
  ['ECONNRESET', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'timed_out'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EIO', 'input_output_error'],
  ['EBUSY', 'file_in_use'],
  ['ETXTBSY', 'file_in_use'],
]);

/** Errors of this project carry a lower-case `code`; system errors are translated; anything else is a defect of ours. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'internal', message: String(error) };
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && CODED.test(code)) return { code, message: error.message };
  const system = typeof code === 'string' ? SYSTEM_CODES.get(code) : undefined;
  if (system !== undefined) return { code: system, message: error.message };
  return {
    code: 'internal',
    message: `${error.message}; this is a defect of Swarmpatch: run again with --debug and report it`,
  };
}
