import { brotliCompressSync, constants } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { brotliDecompressor } from './brotli.ts';

function compress(bytes: Uint8Array, windowBits: number): Uint8Array {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: windowBits },
  });
}

/** Repeats what it began with at its end, as far back as there is. */
function repeating(lengthBytes: number): Uint8Array {
  const bytes = Uint8Array.from({ length: lengthBytes }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 24);
  bytes.copyWithin(lengthBytes - Math.floor(lengthBytes / 4), 0, Math.floor(lengthBytes / 4));
  return bytes;
}

describe('brotliDecompressor.decompressShort()', () => {
  it('gives what was compressed, whatever its length and the window', async () => {
    const lengths = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(262_127, 262_128, 262_129, 700_000));
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 10, max: 24 }), async (length, windowBits) => {
        const bytes = repeating(length);
        const decoded = await brotliDecompressor.decompressShort(compress(bytes, windowBits), length);
        expect(decoded && Buffer.compare(decoded, bytes)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('gives nothing for another length, and for what is not brotli', async () => {
    const stream = compress(repeating(1000), 24);
    expect(await brotliDecompressor.decompressShort(stream, 999)).toBeUndefined();
    expect(await brotliDecompressor.decompressShort(stream, 1001)).toBeUndefined();
    expect(await brotliDecompressor.decompressShort(stream.subarray(0, -1), 1000)).toBeUndefined();
    expect(await brotliDecompressor.decompressShort(repeating(1000), 1000)).toBeUndefined();
    expect(await brotliDecompressor.decompressShort(new Uint8Array(0), 1000)).toBeUndefined();
  });
});
