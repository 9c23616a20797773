export type DeltaErrorCode =
  | 'not_a_patch'
  | 'unknown_version'
  | 'bad_patch'
  | 'patch_too_large'
  | 'wrong_old_tree'
  | 'bad_tree'
  | 'file_changed'
  | 'wrong_new_tree'
  | 'files_failed'
  | 'not_empty'
  | 'unwritable'
  | 'no_memory';

/** Why a patch cannot be made, read or applied as a whole. What befalls single files is in their `FileResult`. */
export class DeltaError extends Error {
  override readonly name = 'DeltaError';
  readonly code: DeltaErrorCode;
  /** The file that it is about, relative to the release. */
  readonly path: string | undefined;

  constructor(code: DeltaErrorCode, message: string, options: ErrorOptions & { readonly path?: string } = {}) {
    super(message, options);
    this.code = code;
    this.path = options.path;
  }
}
