/**
 * Patches from one release to another (docs/formats/patch.md).
 *
 * - `createPatch`: two trees with their pieces roots and content in, the bytes of a patch out, in order.
 * - `openPatch`: reads and checks a patch's listing; `describePatch` says what is in it without the old release.
 * - `resolveTrees`: with the old release's files, the new release's files and where the content of each comes from.
 * - `applyPatch`: makes the files that the patch writes; kept and moved ones are the caller's to link or copy.
 * - `verifyPatch`: whether applying it makes the new release; nothing is written.
 * - `checkNewTree`: whether what was made is the release, for those who have no signed roots.
 *
 * `@swarmpatch/node-io/delta` does this with directories.
 */
export { applyPatch } from './apply/apply-patch.ts';
export type {
  ApplyOptions,
  ApplyPorts,
  DoneFile,
  FailedFile,
  FileFailure,
  FileFailureCode,
  FileResult,
} from './apply/ports.ts';
export type { MaybePromise } from './maybe-promise.ts';
export { verifyPatch } from './apply/verify-patch.ts';
export type { VerifyOptions } from './apply/verify-patch.ts';
export { createPatch } from './create/create-patch.ts';
export type { CreatedPatch, CreatePatchOptions, CreateProgress } from './create/create-patch.ts';
export type { DefeatedFile } from './create/defeated-files.ts';
export type { FileCost } from './create/file-costs.ts';
export { FileTable } from './file-table.ts';
export { DeltaError } from './delta-error.ts';
export type { DeltaErrorCode } from './delta-error.ts';
export { describePatch } from './describe-patch.ts';
export type { PatchDescription, PatchedFile } from './describe-patch.ts';
export { openPatch } from './format/open-patch.ts';
export type { Patch } from './format/open-patch.ts';
export { checkNewTree, resolveTrees } from './new-tree.ts';
export type { NewFile, NewFileOrigin, PatchTrees } from './new-tree.ts';
export type { List } from './list.ts';
export type { ByteSource, CompressionMethod, Compressor, Decompressor } from './ports.ts';
export type { PatchFile, TreeFile } from './tree.ts';
