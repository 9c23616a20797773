export { BlobCheck, blobRootOf, checkBlobContent, checkBlobLength } from './blob-check.ts';
export { type BlobRoot, checkBlobRoot, isBlobRoot } from './blob-root.ts';
export {
  BLOB_LENGTH_BYTES_MAX,
  type BlobHealth,
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  type MissingBlob,
  SMALL_BLOB_BYTES_MAX,
  type StoredBlob,
} from './blob-store.ts';
export { StorageError, type StorageErrorCode } from './storage-error.ts';
