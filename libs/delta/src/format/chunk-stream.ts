import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { sameBytes } from '../same-bytes.ts';
import { decodeContextBlocks } from './context-blocks.ts';
import { checkOf } from './frame.ts';
import { CHECK_BYTES, type Chunk } from './listing.ts';
import type { ByteSource, Decompressor } from '../ports.ts';
import type { StreamPart } from './stream-cursor.ts';

/** So much that a decoder is busy while what it made before is used. */
const READ_BYTES = 256 * 1024;
const LOST_BYTES = 64 * 1024;
/** What has no more bytes is read and decompressed at once. */
const SHORT_CHUNK_BYTES = 2 * 1024 * 1024;

/** A chunk and where its stored bytes begin in the file. */
export interface PlacedChunk extends Chunk {
  readonly offset: number;
}

/** The bytes of a stream's chunks; of a damaged chunk, as many zeros as it should have given, said to be lost. */
export async function* readChunks(
  source: ByteSource,
  chunks: readonly PlacedChunk[],
  decompressor: Decompressor,
): AsyncGenerator<StreamPart, void> {
  for (const chunk of chunks) {
    let left = chunk.rawBytes;
    const stored = await openStored(source, chunk);
    if (stored instanceof Uint8Array && chunk.method === 'brotli' && !keepsWindow(chunk)) {
      const bytes = await decompressor.decompressShort(stored, chunk.rawBytes);
      if (bytes) yield { bytes, isLost: false };
      if (bytes) left = 0;
    } else if (stored) {
      const decoded = decompressSafely(decompressor, chunk, stored instanceof Uint8Array ? only(stored) : stored);
      try {
        for (let next = await decoded.next(); left > 0 && next.done !== true; next = await decoded.next()) {
          // A chunk that gives more than it declares is no more than its first bytes: what is made is checked anyway.
          const bytes = next.value.subarray(0, left);
          left -= bytes.length;
          // What decoding takes of memory is free before the last bytes are used.
          if (left === 0) await decoded.return();
          if (bytes.length > 0) yield { bytes, isLost: false };
        }
      } finally {
        await decoded.return();
      }
    }
    for (; left > 0; left -= Math.min(left, LOST_BYTES)) {
      yield { bytes: new Uint8Array(Math.min(left, LOST_BYTES)), isLost: true };
    }
  }
}

/** Whether decompressing a chunk takes a window of memory for as long as its bytes are used. */
export function keepsWindow({ method, rawBytes, storedBytes }: Chunk): boolean {
  return method === 'brotli' && Math.max(rawBytes, storedBytes) > SHORT_CHUNK_BYTES;
}

/** The stored bytes of a chunk, at once if it is short; undefined when they are damaged. */
async function openStored(
  source: ByteSource,
  chunk: PlacedChunk,
): Promise<Uint8Array | AsyncIterable<Uint8Array> | undefined> {
  const { offset, storedBytes, check } = chunk;
  if (storedBytes > SHORT_CHUNK_BYTES) {
    return (await isIntact(source, chunk)) ? readRange(source, offset, storedBytes) : undefined;
  }
  const stored = await source.read(offset, storedBytes);
  return sameBytes(checkOf(stored), check) ? stored : undefined;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** What decoding gives until it fails: the rest of the chunk is then lost. */
async function* decompressSafely(
  decompressor: Decompressor,
  chunk: Chunk,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const parts = decode(decompressor, chunk, stored)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await parts.next().catch(() => undefined);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    await parts.return?.();
  }
}

function decode(
  decompressor: Decompressor,
  { method }: Chunk,
  stored: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return method === 'contexts' ? decodeContextBlocks(stored, decompressor) : decompressor.decompress(method, stored);
}

async function isIntact(source: ByteSource, chunk: PlacedChunk): Promise<boolean> {
  const hash = createHash('sha256');
  for await (const bytes of readRange(source, chunk.offset, chunk.storedBytes)) hash.update(bytes);
  return Buffer.compare(hash.digest().subarray(0, CHECK_BYTES), chunk.check) === 0;
}

export async function* readRange(source: ByteSource, offset: number, length: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < length; at += READ_BYTES) {
    yield await source.read(offset + at, Math.min(READ_BYTES, length - at));
  }
}
