import { StorageError } from '@swarmpatch/storage';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Names what the file system answered while `doing` was done to a blob. */
export function toStorageError(error: unknown, doing: string, root?: string): StorageError {
  if (error instanceof StorageError) return error;
  const found = error instanceof Error ? error.message : String(error);
  const isFull = error instanceof Error && 'code' in error && typeof error.code === 'string' && FULL.has(error.code);
  const detail = { cause: error, ...(root === undefined ? {} : { root }) };
  return isFull
    ? new StorageError('storage_full', `${doing}: the disk is full; free some space and try again`, detail)
    : new StorageError('storage_failed', `${doing}: ${found}`, detail);
}
