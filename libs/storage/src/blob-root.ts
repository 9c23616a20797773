import { StorageError } from './storage-error.ts';

/** The pieces root of a file (BEP 52) as 64 lower-case hex digits: the name of its content everywhere. */
export type BlobRoot = string;

const BLOB_ROOT = /^[0-9a-f]{64}$/;

export function isBlobRoot(text: string): boolean {
  return BLOB_ROOT.test(text);
}

/** @throws {StorageError} `bad_blob_root`: what names files on a disk is checked before it does. */
export function checkBlobRoot(text: string): BlobRoot {
  if (!isBlobRoot(text)) {
    const found = JSON.stringify(text.slice(0, 80));
    throw new StorageError('bad_blob_root', `name a blob: found ${found}, wanted a pieces root of 64 hex digits`);
  }
  return text;
}
