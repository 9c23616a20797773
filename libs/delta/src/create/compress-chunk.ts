import { encodeContextBlocks } from '../format/context-blocks.ts';
import type { ChunkMethod } from '../format/methods.ts';
import type { Compressor } from '../ports.ts';

/** From the next effort on, brotli itself looks for contexts. */
const CONTEXTS_EFFORT_MAX = 6;
const SAMPLE_BYTES = 256 * 1024;
const SAMPLE_EFFORT = 2;
/** What is gained has to be worth it for whoever applies the patch. */
const SHORTER_SHARE_WORTH = 0.03;

export interface StoredChunk {
  readonly method: ChunkMethod;
  readonly bytes: Uint8Array;
}

/** Compresses a chunk in the form that is shorter by a sample. */
export async function compressChunk(raw: Uint8Array, compressor: Compressor, effort: number): Promise<StoredChunk> {
  if (effort > CONTEXTS_EFFORT_MAX || raw.length < 2 * SAMPLE_BYTES) return compressor.compress(raw, effort);
  const begin = Math.floor((raw.length - SAMPLE_BYTES) / 2);
  const sample = raw.subarray(begin, begin + SAMPLE_BYTES);
  const [plain, split] = await Promise.all([
    compressor.compress(sample, SAMPLE_EFFORT),
    encodeContextBlocks(sample, compressor),
  ]);
  if (split.length > plain.bytes.length * (1 - SHORTER_SHARE_WORTH)) return compressor.compress(raw, effort);
  return { method: 'contexts', bytes: await encodeContextBlocks(raw, compressor) };
}
