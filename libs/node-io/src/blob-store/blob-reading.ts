import type { FileHandle } from 'node:fs/promises';
import { type BlobRoot, type ByteRange, StorageError } from '@swarmpatch/storage';
import { toStorageError } from './storage-failure.ts';

const READ_CHUNK_BYTES: number = 256 * 1024;

/**
 * Yields the bytes of an open blob, each chunk in memory of its own.
 *
 * @throws {StorageError} `bad_blob_offset`; `blob_damaged` when the file is shorter than it was a moment ago.
 */
export async function* readRange(
  handle: FileHandle,
  root: BlobRoot,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const { size } = await handle.stat();
  const { start, end } = range ?? { start: 0, end: size };
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= size)) {
    const found = `found bytes ${start} to ${end}, wanted some of 0 to ${size}`;
    throw new StorageError('bad_blob_offset', `read blob ${root}: ${found}`, { root });
  }
  for (let at = start; at < end;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(READ_CHUNK_BYTES, end - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at).catch((error: unknown) => {
      throw toStorageError(error, `read blob ${root}`, root);
    });
    if (bytesRead === 0)
      throw new StorageError('blob_damaged', `read blob ${root}: its file ended at byte ${at}`, { root });
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
}
