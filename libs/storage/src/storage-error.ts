export type StorageErrorCode =
  | 'bad_blob_root'
  | 'bad_blob_length'
  | 'bad_blob_offset'
  | 'blob_busy'
  | 'blob_damaged'
  | 'blob_exists'
  | 'blob_incomplete'
  | 'blob_not_found'
  | 'blob_too_long'
  | 'storage_full'
  | 'storage_failed';

/** What a blob store refuses or cannot do; `root` names the blob where there is one. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  readonly root: string | undefined;

  constructor(code: StorageErrorCode, message: string, detail: { root?: string; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.root = detail.root;
  }
}
