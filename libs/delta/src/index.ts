export { DeltaError } from './delta-error.ts';
export type { DeltaErrorCode } from './delta-error.ts';
export type { ByteSource, CompressionMethod, Compressor, Decompressor } from './ports.ts';
export { contentDigest, shapeDigest, sortTree } from './tree.ts';
export type { PatchFile, TreeFile } from './tree.ts';
