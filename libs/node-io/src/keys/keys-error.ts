/** A key directory that cannot be made or read; `path` is the file at fault. */
export class KeysError extends Error {
  override readonly name = 'KeysError';
  readonly code: 'keys_exist' | 'keys_missing' | 'keys_malformed' | 'keys_unreadable';
  readonly path: string;

  constructor(code: KeysError['code'], path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}
