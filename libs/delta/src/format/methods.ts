import type { CompressionMethod } from '../ports.ts';

/** By the number that stands in the file. */
export const METHODS: readonly CompressionMethod[] = ['stored', 'brotli'];
