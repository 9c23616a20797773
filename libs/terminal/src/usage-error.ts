/** The command line asks for something that cannot be: printed with the code `usage`, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}
