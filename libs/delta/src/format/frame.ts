import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { DeltaError } from '../delta-error.ts';
import { LISTING_BYTES_MAX, LISTING_STORED_BYTES_MAX } from '../limits.ts';
import type { CompressionMethod } from '../ports.ts';
import { CHECK_BYTES } from './listing.ts';
import { METHODS } from './methods.ts';

/** A byte above 127, the name, line ends that a text transfer would change, an end-of-file mark, and the version. */
const MAGIC: Uint8Array = Uint8Array.of(0x89, 0x53, 0x57, 0x50, 0x0d, 0x0a, 0x1a, 0x01);
export const HEAD_BYTES = 8;
export const TAIL_BYTES = 16;
const TAIL_CHECK_BYTES = 7;

export function encodeHead(): Uint8Array {
  return MAGIC;
}

/** @throws {DeltaError} `not_a_patch`, `unknown_version` */
export function checkHead(head: Uint8Array): void {
  if (head.length < HEAD_BYTES || MAGIC.some((byte, index) => index < 7 && head[index] !== byte)) {
    throw new DeltaError('not_a_patch', 'read a patch: it does not begin as a patch does');
  }
  if (head[7] !== MAGIC[7]) {
    throw new DeltaError('unknown_version', `read a patch: found version ${head[7]}, 1 is known; update the program`);
  }
}

/** Where the listing is, and how it is stored. */
export interface Tail {
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly method: CompressionMethod;
  readonly check: Uint8Array;
}

/** The last bytes of a patch, for a listing in its stored form. */
export function encodeTail(stored: Uint8Array, method: CompressionMethod, rawBytes: number): Uint8Array {
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.writeUInt32LE(stored.length, 0);
  tail.writeUInt32LE(rawBytes, 4);
  tail[8] = METHODS.indexOf(method);
  tail.set(tailCheck(stored, tail), 9);
  return tail;
}

/** @throws {DeltaError} `bad_patch`, `patch_too_large` */
export function decodeTail(bytes: Uint8Array): Tail {
  const tail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const storedBytes = tail.readUInt32LE(0);
  const rawBytes = tail.readUInt32LE(4);
  const method = METHODS[tail[8] ?? 255];
  if (method === undefined) throw new DeltaError('bad_patch', 'read a patch: its end is damaged; fetch it again');
  if (storedBytes > LISTING_STORED_BYTES_MAX || rawBytes > LISTING_BYTES_MAX) {
    throw new DeltaError(
      'patch_too_large',
      `read a patch: found a listing of ${storedBytes} stored and ${rawBytes} bytes, at most ${LISTING_STORED_BYTES_MAX} and ${LISTING_BYTES_MAX} are wanted`,
    );
  }
  return { storedBytes, rawBytes, method, check: tail.subarray(9) };
}

/** @throws {DeltaError} `bad_patch` */
export function checkListing(stored: Uint8Array, tail: Uint8Array): void {
  if (Buffer.compare(tailCheck(stored, tail), tail.subarray(9)) !== 0) {
    throw new DeltaError('bad_patch', 'read a patch: its listing is damaged; fetch it again');
  }
}

function tailCheck(stored: Uint8Array, tail: Uint8Array): Uint8Array {
  return createHash('sha256').update(stored).update(tail.subarray(0, 9)).digest().subarray(0, TAIL_CHECK_BYTES);
}

/** The check of a chunk's stored bytes, or of the roots of a group of files. */
export function checkOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest().subarray(0, CHECK_BYTES));
}
