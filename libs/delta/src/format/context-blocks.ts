import { Buffer } from 'node:buffer';

import { CONTEXT_COUNT, mergeContexts, splitByContext } from '../coding/contexts.ts';
import { DeltaError } from '../delta-error.ts';
import { CONTEXT_BLOCK_BYTES_MAX } from '../limits.ts';
import type { Compressor, Decompressor } from '../ports.ts';

/** Of each context, u32 length and u32 stored length. */
const HEAD_BYTES: number = CONTEXT_COUNT * 8;
/** In one context no byte says much of the next: what is sought for longer is not found. */
const PART_EFFORT = 2;

/** Bytes in blocks, and of each block those with like bytes before them together: their frequencies differ, and what says so is brotli. */
export async function encodeContextBlocks(bytes: Uint8Array, compressor: Compressor): Promise<Uint8Array> {
  const blocks: Promise<Uint8Array>[] = [];
  for (let at = 0; at < bytes.length; at += CONTEXT_BLOCK_BYTES_MAX) {
    blocks.push(encodeBlock(bytes.subarray(at, at + CONTEXT_BLOCK_BYTES_MAX), compressor));
  }
  return Buffer.concat(await Promise.all(blocks));
}

async function encodeBlock(bytes: Uint8Array, compressor: Compressor): Promise<Uint8Array> {
  const parts = splitByContext(bytes);
  const stored = await Promise.all(parts.map((part) => compressor.compress(part, PART_EFFORT)));
  const head = Buffer.alloc(HEAD_BYTES);
  parts.forEach((part, context) => {
    head.writeUInt32LE(part.length, context * 8);
    head.writeUInt32LE(stored[context]?.bytes.length ?? 0, context * 8 + 4);
  });
  return Buffer.concat([head, ...stored.map((part) => part.bytes)]);
}

/**
 * The reverse. The next block is decoded while one is used.
 *
 * @throws {DeltaError} `bad_patch`
 */
export async function* decodeContextBlocks(
  stored: AsyncIterable<Uint8Array>,
  decompressor: Decompressor,
): AsyncGenerator<Uint8Array, void> {
  const input = new Input(stored);
  let next = decodeBlock(input, decompressor);
  try {
    for (;;) {
      const block = await next;
      if (!block) return;
      next = decodeBlock(input, decompressor);
      // It may fail while nobody waits for it.
      next.catch(() => undefined);
      const merged = mergeContexts(block.parts, block.lengths);
      if (!merged) throw bad('contexts that do not follow from the bytes');
      yield merged;
    }
  } finally {
    await next.catch(() => undefined);
    await input.close();
  }
}

interface Block {
  readonly parts: Uint8Array;
  readonly lengths: readonly number[];
}

async function decodeBlock(input: Input, decompressor: Decompressor): Promise<Block | undefined> {
  const head = await input.take(HEAD_BYTES);
  if (!head) return undefined;
  const numbers = Buffer.from(head.buffer, head.byteOffset, head.length);
  const parts = Array.from({ length: CONTEXT_COUNT }, (_, context) => ({
    length: numbers.readUInt32LE(context * 8),
    storedBytes: numbers.readUInt32LE(context * 8 + 4),
  }));
  const sum = parts.reduce((total, { length }) => total + length, 0);
  if (sum === 0 || sum > CONTEXT_BLOCK_BYTES_MAX) throw bad(`a block of ${sum} bytes`);
  const sources: Uint8Array[] = [];
  for (const { length, storedBytes } of parts) {
    if (storedBytes > length) throw bad(`${length} bytes stored as ${storedBytes}`);
    const source = storedBytes === 0 ? new Uint8Array(0) : await input.take(storedBytes);
    if (!source) throw bad('a block that ends early');
    sources.push(source);
  }
  // Only once all are here: a part that failed while the next one is waited for would fail unheard, and end the process.
  const lengths = parts.map(({ length }) => length);
  const bytes = new Uint8Array(sum);
  let start = 0;
  const targets = lengths.map((length) => bytes.subarray(start, (start += length)));
  await Promise.all(sources.map((source, context) => decodePart(source, targets[context] ?? bytes, decompressor)));
  return { parts: bytes, lengths };
}

async function decodePart(source: Uint8Array, target: Uint8Array, decompressor: Decompressor): Promise<void> {
  if (source.length === target.length) {
    target.set(source);
    return;
  }
  const bytes = await decompressor.decompressShort(source, target.length);
  if (!bytes) throw bad(`a part of a block that does not decompress to its ${target.length} bytes`);
  target.set(bytes);
}

/** Bytes out of buffers of any lengths. */
class Input {
  readonly #buffers: AsyncIterator<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(stored: AsyncIterable<Uint8Array>) {
    this.#buffers = stored[Symbol.asyncIterator]();
  }

  /** @returns Undefined at the end. @throws {DeltaError} `bad_patch` when there are some, but not as many */
  async take(length: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    let left = length;
    while (left > 0) {
      if (this.#buffer.length === 0) {
        const next = await this.#buffers.next();
        if (next.done === true) {
          if (parts.length === 0) return undefined;
          throw bad('a block that ends early');
        }
        this.#buffer = next.value;
      }
      const part = this.#buffer.subarray(0, left);
      parts.push(part);
      left -= part.length;
      this.#buffer = this.#buffer.subarray(part.length);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.#buffers.return?.();
  }
}

function bad(found: string): DeltaError {
  return new DeltaError('bad_patch', `read a chunk of a patch: found ${found}; fetch it again`);
}
