/** Bytes at random places. */
export interface ByteSource {
  readonly length: number;
  /** Exactly `length` bytes from `offset`, inside the source; the caller may keep them, and does not change them. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** How bytes are stored. */
export type CompressionMethod = 'stored' | 'brotli';

/** Entropy coding, done elsewhere: several calls run at once, in threads. */
export interface Compressor {
  /**
   * The smallest that it can make of the bytes, the same each time.
   *
   * @param effort 1 to 9.
   */
  compress(
    bytes: Uint8Array,
    effort: number,
  ): Promise<{ readonly method: CompressionMethod; readonly bytes: Uint8Array }>;
}

/** The reverse, in a stream of bounded memory. */
export interface Decompressor {
  /**
   * Buffers of at most a few hundred KiB, in order. It may end early or throw where the input is damaged, and the
   * caller stops to draw once it has what was declared: no more than a few buffers are made ahead of it.
   */
  decompress(method: CompressionMethod, compressed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /**
   * A brotli stream at once, which takes less time than in parts. For a few MiB at most: so many are in memory.
   *
   * @returns Undefined when it is not one of exactly so many bytes.
   */
  decompressShort(compressed: Uint8Array, lengthBytes: number): Promise<Uint8Array | undefined>;
}
