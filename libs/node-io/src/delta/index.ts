/**
 * Patches with files and threads.
 *
 * - `createPatchFile`: from files that lie anywhere (directories, blobs) and whose roots are known, in a thread of its own.
 * - `locateDirectory`: the files of a directory with their roots, for `createPatchFile`.
 * - `openPatchFile`: a patch file as a `Patch` of `@swarmpatch/delta`, for `describePatch`, `resolveTrees` and `applyPatch`.
 * - `applyPatchFile`: a whole directory out of another and a patch.
 * - `stagePatchFile`: the files that a patch writes, to places of their own and checked one by one, in a thread of its own.
 * - `FileReaders`, `TreeWriter`: what the ports of `applyPatch` may be made of.
 */
export { applyPatchFile } from './apply-patch-file.ts';
export type { ApplyPatchFileOptions } from './apply-patch-file.ts';
export { brotliCompressor, brotliDecompressor } from './brotli.ts';
export { createPatchFile, PATCH_EFFORT, PATCH_MEMORY_BYTES } from './create-patch-file.ts';
export type { CreatePatchFileOptions } from './create-patch-file.ts';
export { FileReaders } from './file-readers.ts';
export { locateDirectory } from './locate-directory.ts';
export type { LocateOptions } from './locate-directory.ts';
export { openPatchFile } from './patch-file.ts';
export type { PatchFileHandle } from './patch-file.ts';
export { checkPatchPlace } from './patch-place.ts';
export type { LocatedFile } from './patch-job.ts';
export type { SourceFile, StagedFile, StageResult } from './stage-job.ts';
export { stagePatchFile } from './stage-patch-file.ts';
export type { StagePatchFileOptions } from './stage-patch-file.ts';
export { TreeWriter } from './tree-writer.ts';
