import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DeltaError } from '../delta-error.ts';
import { CONTEXT_BLOCK_BYTES_MAX } from '../limits.ts';
import { compressor, decompressor, noise } from '../testing/memory-patch.contract.ts';
import { decodeContextBlocks, encodeContextBlocks } from './context-blocks.ts';

async function* buffersOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function decoded(stored: Uint8Array, bufferBytes = 1000): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const bytes of decodeContextBlocks(buffersOf(stored, bufferBytes), decompressor)) parts.push(bytes);
  return Buffer.concat(parts);
}

describe('context blocks', () => {
  it('give the bytes that went in, however the stored ones are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 500 }),
        async (bytes, bufferBytes) => {
          const found = await decoded(await encodeContextBlocks(bytes, compressor), bufferBytes);
          expect(Buffer.compare(found, bytes)).toBe(0);
        },
      ),
    );
  });

  it('carry on from block to block', async () => {
    const bytes = noise(2 * CONTEXT_BLOCK_BYTES_MAX + 17, 3).map((byte, index) =>
      index % 3 === 0 ? byte : byte & 0x1f,
    );
    const stored = await encodeContextBlocks(bytes, compressor);
    expect(stored.length).toBeLessThan(0.85 * bytes.length);
    expect(Buffer.compare(await decoded(stored, 65_536), bytes)).toBe(0);
  });

  it('give bytes of the same number or a named error when they are damaged', async () => {
    const bytes = noise(2000, 5).map((byte) => byte & 0x9f);
    const stored = await encodeContextBlocks(bytes, compressor);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const damaged = stored.slice();
        damaged[place] = (damaged[place] ?? 0) ^ change;
        const found = await decoded(damaged).catch((error: unknown) => error);
        if (found instanceof Uint8Array) expect(found.length).toBe(bytes.length);
        else expect(found).toBeInstanceOf(Error);
      }),
    );
  });

  it('refuse what anybody wrote with an error of theirs or the decoder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const found = await decoded(bytes).catch((error: unknown) => error);
        expect(found instanceof Uint8Array || found instanceof Error).toBe(true);
      }),
    );
  });

  it('fail once, to whoever reads, when a part is damaged and the next one is long in coming', async () => {
    const head = Buffer.alloc(32);
    for (const [context, [length = 0, storedBytes = 0]] of [
      [100, 10],
      [100, 10],
    ].entries()) {
      head.writeUInt32LE(length, context * 8);
      head.writeUInt32LE(storedBytes, context * 8 + 4);
    }
    async function* slowly(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.concat([head, Buffer.alloc(10, 0xff)]);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      yield Buffer.alloc(5);
    }
    // An error that nobody hears of would end the process, and this run of specs.
    await expect(decodeContextBlocks(slowly(), decompressor).next()).rejects.toMatchObject({ code: 'bad_patch' });
  });

  it('refuse a block that declares more than a block may have, before they make room for it', async () => {
    const head = Buffer.alloc(32);
    head.writeUInt32LE(0xffff_ffff, 0);
    await expect(decoded(head)).rejects.toMatchObject({ code: 'bad_patch' });
    await expect(decoded(head)).rejects.toBeInstanceOf(DeltaError);
  });
});
