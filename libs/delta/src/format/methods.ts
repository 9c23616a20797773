import type { CompressionMethod } from '../ports.ts';

/** How the bytes of a chunk are stored. */
export type ChunkMethod = CompressionMethod | 'contexts';

/** By the number that stands in the file. */
export const METHODS: readonly CompressionMethod[] = ['stored', 'brotli'];
export const CHUNK_METHODS: readonly ChunkMethod[] = [...METHODS, 'contexts'];
