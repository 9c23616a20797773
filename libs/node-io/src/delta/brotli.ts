import { pipeline, Readable, type TransformOptions } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, type BrotliOptions, constants, createBrotliDecompress } from 'node:zlib';

import type { Compressor, Decompressor } from '@swarmpatch/delta';

const compressInPool = promisify(brotliCompress);
/** The largest window that every brotli decoder takes, 16 MiB: what decoding one stream needs of memory. */
const WINDOW_BITS = 24;
/** What a step of decoding makes at most, and what is made ahead: each step waits for a thread and then for its turn. */
const DECODED_BYTES = 256 * 1024;
const DECODING: BrotliOptions & TransformOptions = { chunkSize: DECODED_BYTES, highWaterMark: DECODED_BYTES };

/** Brotli qualities for the efforts 1 to 9. */
const QUALITIES = [4, 5, 6, 7, 8, 9, 10, 11, 11];
/** What is shorter is compressed as well as can be from this effort on: it takes half a second. */
const SHORT_BYTES_MAX = 256 * 1024;
const SHORT_EFFORT_MIN = 5;

/** Brotli in the threads of Node's pool: calls that are made at once run side by side. */
export const brotliCompressor: Compressor = {
  async compress(bytes, effort) {
    const isShort = bytes.length <= SHORT_BYTES_MAX && effort >= SHORT_EFFORT_MIN;
    const quality = isShort ? constants.BROTLI_MAX_QUALITY : QUALITIES[effort - 1];
    const compressed = await compressInPool(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality ?? constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    return compressed.length < bytes.length ? { method: 'brotli', bytes: compressed } : { method: 'stored', bytes };
  },
};

/** In a stream: one window and a few buffers of memory, whatever comes out. */
export const brotliDecompressor: Decompressor = {
  decompress(method, compressed) {
    if (method === 'stored') return compressed;
    const decoder = createBrotliDecompress(DECODING);
    // The reader hears of errors by its own side of the decoder.
    return pipeline(Readable.from(compressed), decoder, () => undefined);
  },
};
