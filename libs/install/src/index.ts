export { commit, type CommitResult } from './commit.ts';
export type { CommitStates } from './commit-plan.ts';
export { makeParents, writeDurably } from './durable-write.ts';
export type { FileHasher, FileHashes, FileToHash, HashOptions } from './file-hasher.ts';
export { stagedBytesOf } from './fetched-at-hand.ts';
export { FileIndex } from './file-index.ts';
export type { DirectoryEntry, FileKind, FileStat, FileSystem } from './file-system.ts';
export { HISTORY_ENTRIES_MAX, readHistory, type HistoryEntry } from './history.ts';
export { InstallError, type InstallErrorCode } from './install-error.ts';
export {
  HISTORY_RELEASES_MAX,
  historyAfter,
  readState,
  writeState,
  type InstalledRelease,
  type InstallState,
} from './install-state.ts';
export { planFrom, planInputOf, takeInventory, type Inventory, type InventoryInput } from './inventory.ts';
export type { KeptFile } from './journal.ts';
export {
  KEPT_PATCH_DAYS_MAX,
  KEPT_PATCHES_BYTES_MAX,
  KEPT_PATCHES_MAX,
  keepPatches,
  listPatches,
  patchContentPath,
  patchRefusalPath,
  patchTorrentPath,
  prunePatches,
  refusePatch,
  savePatchTorrent,
  type KeptPatch,
} from './kept-patches.ts';
export {
  JOURNAL_PATH,
  LOCK_PATH,
  PATCHES_DIRECTORY,
  STAGED_RESUME_DIRECTORY,
  STAGED_CONTENT_DIRECTORY,
  STATE_DIRECTORY,
  STATE_PATH,
  TRUST_DIRECTORY,
  stagedContentPath,
} from './layout.ts';
export { PatchContents, type PatchFiles } from './patch-contents.ts';
export { discardPlayable, makePlayable } from './playable.ts';
export { recover, type Recovery } from './recovery.ts';
export { findSavedManifest, findSavedTorrent, readManifest, saveReleaseDocuments } from './release-documents.ts';
export { PieceSet, ReleasePieces } from './release-pieces.ts';
export { reviewStaged } from './staged-review.ts';
export { asDiskFull, refuseWithoutSpace, spaceForContent } from './space.ts';
export { discardStaging, Staging, type SealedStaging } from './staging.ts';
export { uninstall, type Uninstalled, type UninstallInput } from './uninstall.ts';
export { idleUndoBytes, listUndo, pruneUndo, UNDO_BYTES_MAX, UNDO_DAYS_MAX, yieldUndo } from './undo.ts';
export { refuseProtected, remedyFor } from './write-guard.ts';
export { verifyInstall, type Verification, type VerificationInput } from './verification.ts';
