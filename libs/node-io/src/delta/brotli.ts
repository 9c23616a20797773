import { pipeline, Readable, type TransformOptions } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, type BrotliOptions, constants, createBrotliDecompress } from 'node:zlib';

import type { Compressor, Decompressor } from '@swarmpatch/delta';

const compressInPool = promisify(brotliCompress);
const decompressInPool = promisify(brotliDecompress);
/** The largest window that every brotli decoder takes, 16 MiB: what decoding one stream needs of memory. */
const WINDOW_BITS = 24;
/** By so much, what a stream reaches back to is shorter than its window. */
const WINDOW_UNUSED_BYTES = 16;
/** What a step of decoding makes at most, and what is made ahead: each step waits for a thread and then for its turn. */
const DECODED_BYTES = 256 * 1024;
const DECODING: BrotliOptions & TransformOptions = { chunkSize: DECODED_BYTES, highWaterMark: DECODED_BYTES };

/** Brotli qualities for the efforts 1 to 9. */
const QUALITIES = [4, 5, 6, 7, 8, 9, 10, 11, 11];
/** What is shorter is compressed as well as can be from this effort on: it takes half a second. */
const SHORT_BYTES_MAX = 256 * 1024;
const SHORT_EFFORT_MIN = 5;

/** What hardly gets shorter by it is not compressed at a quality that takes ten times as long: a sample of so many bytes shows it. */
const SAMPLE_BYTES = 128 * 1024;
const QUICK_QUALITY = 5;
const SHORTER_SHARE_WORTH = 0.001;

/** Brotli in the threads of Node's pool: calls that are made at once run side by side. */
export const brotliCompressor: Compressor = {
  async compress(bytes, effort) {
    const compressed = await compressAt(bytes, await chooseQuality(bytes, effort));
    return compressed.length < bytes.length ? { method: 'brotli', bytes: compressed } : { method: 'stored', bytes };
  },
};

async function chooseQuality(bytes: Uint8Array, effort: number): Promise<number> {
  if (bytes.length <= SHORT_BYTES_MAX && effort >= SHORT_EFFORT_MIN) return constants.BROTLI_MAX_QUALITY;
  const quality = QUALITIES[effort - 1] ?? constants.BROTLI_MAX_QUALITY;
  if (quality <= QUICK_QUALITY || bytes.length <= 2 * SAMPLE_BYTES) return quality;
  const begin = Math.floor((bytes.length - SAMPLE_BYTES) / 2);
  const sample = bytes.subarray(begin, begin + SAMPLE_BYTES);
  const [quick, thorough] = await Promise.all([compressAt(sample, QUICK_QUALITY), compressAt(sample, quality)]);
  return thorough.length < quick.length * (1 - SHORTER_SHARE_WORTH) ? quality : QUICK_QUALITY;
}

function compressAt(bytes: Uint8Array, quality: number): Promise<Uint8Array> {
  return compressInPool(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

/** In a stream, one window and a few buffers of memory, whatever comes out. */
export const brotliDecompressor: Decompressor = {
  decompress(method, compressed) {
    if (method === 'stored') return compressed;
    const decoder = createBrotliDecompress(DECODING);
    // The reader hears of errors by its own side of the decoder.
    return pipeline(Readable.from(compressed), decoder, () => undefined);
  },

  async decompressShort(compressed, lengthBytes) {
    // A byte more than there is: a full buffer would be taken for one of several.
    const options = {
      chunkSize: Math.max(constants.Z_MIN_CHUNK, lengthBytes + 1),
      maxOutputLength: Math.max(1, lengthBytes),
    };
    const bytes = await decompressInPool(narrowWindow(compressed, lengthBytes), options).catch(() => undefined);
    return bytes?.length === lengthBytes ? bytes : undefined;
  },
};

/**
 * The same stream with a window that is no larger than what it gives can use: decoding may take as much memory. Windows of 18 to 24 bits are
 * said by the first byte's lowest four (RFC 7932, 9.1).
 */
function narrowWindow(stream: Uint8Array, lengthBytes: number): Uint8Array {
  const first = stream[0] ?? 0;
  const bits = Math.max(18, Math.ceil(Math.log2(lengthBytes + WINDOW_UNUSED_BYTES)));
  if ((first & 1) === 0 || 17 + ((first >> 1) & 7) <= bits) return stream;
  const narrowed = stream.slice();
  narrowed[0] = (first & 0xf0) | ((bits - 17) << 1) | 1;
  return narrowed;
}
