/** Files and links of either tree; as many as a torrent may have. */
export const PATCH_FILE_COUNT_MAX = 250_000;
/** The bytes of a tree, and so of what a patch writes. */
export const PATCH_TREE_BYTES_MAX: number = 2 ** 44;
/** The paths that a patch names, one after another: in a listing most of each is shared with the one before. */
export const PATCH_PATH_BYTES_MAX: number = 32 * 1024 * 1024;
/** Segments of a patch: those of a TiB. */
export const PATCH_SEGMENT_COUNT_MAX = 16_384;
/** Chunks of all segments together. */
export const PATCH_CHUNK_COUNT_MAX = 131_072;
/** The listing of a patch as it is stored. */
export const LISTING_STORED_BYTES_MAX: number = 32 * 1024 * 1024;
/** The listing of a patch, decompressed. */
export const LISTING_BYTES_MAX: number = 64 * 1024 * 1024;
/** Bytes of new that one segment makes; its streams are in memory while a patch is made. */
export const SEGMENT_BYTES_MAX: number = 64 * 1024 * 1024;
/** Streams of a segment. */
export const SEGMENT_STREAM_COUNT_MAX = 16;
/** Bytes of one stream of a segment, decompressed. */
export const STREAM_BYTES_MAX: number = 8 * SEGMENT_BYTES_MAX;
/** Bytes of a chunk, decompressed: what is compressed as one, and lost as one when it is damaged. */
export const CHUNK_BYTES_MAX: number = 64 * 1024 * 1024;
/** Bytes of a block of a chunk that is stored by contexts: two are in memory while a patch is applied. */
export const CONTEXT_BLOCK_BYTES_MAX: number = 1024 * 1024;
