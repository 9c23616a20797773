import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import type { FilePart, ReadStatus } from './hash-job.ts';
import { systemCode } from './scan-error.ts';

/** Fits the second-level cache, so that both hashes of a chunk read it from there. */
export const CHUNK_LENGTH_BYTES: number = 256 * 1024;

export interface ReadOutcome {
  readonly status: ReadStatus;
  readonly fileLengthBytes: number;
}

/**
 * Reads a part of a file in chunks that end at multiples of the chunk length, and checks that it is still the file
 * that was scanned once the last byte is in.
 *
 * @param sink Gets each chunk; the buffer is used again.
 */
export function readPart(part: FilePart, buffer: Uint8Array, sink: (chunk: Uint8Array) => void): ReadOutcome {
  let handle: number | undefined;
  try {
    handle = openSync(part.absolutePath, 'r');
    const end = part.offsetBytes + part.lengthBytes;
    for (let at = part.offsetBytes; at < end;) {
      const wanted = Math.min(buffer.length, end - at);
      const got = readFully(handle, buffer, wanted, at);
      if (got > 0) sink(buffer.subarray(0, got));
      at += got;
      if (got < wanted) break;
    }
    const { size, mtimeMs } = fstatSync(handle);
    return { fileLengthBytes: size, status: statusOf(part, size, mtimeMs) };
  } catch (error) {
    return { fileLengthBytes: -1, status: systemCode(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function statusOf(part: FilePart, sizeBytes: number, mtimeMs: number): ReadStatus {
  if (part.mtimeMs !== undefined) {
    return sizeBytes === part.fileLengthBytes && mtimeMs === part.mtimeMs ? 'read' : 'changed';
  }
  return sizeBytes < part.offsetBytes + part.lengthBytes ? 'ended' : 'read';
}

function readFully(handle: number, buffer: Uint8Array, wanted: number, position: number): number {
  let got = 0;
  while (got < wanted) {
    const count = readSync(handle, buffer, got, wanted - got, position + got);
    if (count === 0) break;
    got += count;
  }
  return got;
}
