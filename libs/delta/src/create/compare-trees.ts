import { Buffer } from 'node:buffer';

import { DeltaError } from '../delta-error.ts';
import type { PatchEntry } from '../format/listing.ts';
import type { PatchFile } from '../tree.ts';

/** How a new tree differs from an old one, whole files at a time. */
export interface TreeComparison {
  /** Indexes in the old tree. */
  readonly removed: readonly number[];
  readonly entries: readonly PatchEntry[];
  /** What the segments must make, in the order of the entries. */
  readonly written: readonly PatchFile[];
}

/**
 * Finds what is unchanged, moved, made twice, or must be written, by pieces root: no content is read.
 *
 * @param old In torrent order.
 * @param fresh In torrent order.
 * @throws {DeltaError} `bad_tree` when a root is missing
 */
export function compareTrees(old: readonly PatchFile[], fresh: readonly PatchFile[]): TreeComparison {
  const oldByPath = new Map(old.map((file) => [file.path, file]));
  const oldByContent = new Map<string, number>();
  for (const [index, file] of old.entries()) {
    const key = contentKey(file);
    if (key !== undefined && !oldByContent.has(key)) oldByContent.set(key, index);
  }
  const entries: PatchEntry[] = [];
  const written: PatchFile[] = [];
  const writtenByContent = new Map<string, number>();
  const names = new Set<string>();
  for (const file of fresh) {
    names.add(file.path);
    const before = oldByPath.get(file.path);
    if (before && isUnchanged(before, file)) continue;
    const { path, executable } = file;
    entries.push({
      path,
      executable: file.symlink === undefined && executable,
      replaces: before !== undefined,
      content: contentOf(file),
    });
  }
  const removed = old.flatMap((file, index) => (names.has(file.path) ? [] : [index]));
  return { removed, entries, written };

  function contentOf(file: PatchFile): PatchEntry['content'] {
    if (file.symlink !== undefined) return { kind: 'link', symlink: file.symlink };
    const key = contentKey(file);
    if (key !== undefined) {
      const index = oldByContent.get(key);
      if (index !== undefined) return { kind: 'old', index };
      const twin = writtenByContent.get(key);
      if (twin !== undefined) return { kind: 'twin', index: twin };
      writtenByContent.set(key, written.length);
    }
    written.push(file);
    return { kind: 'written', lengthBytes: file.lengthBytes };
  }
}

function isUnchanged(before: PatchFile, after: PatchFile): boolean {
  if (before.symlink !== undefined || after.symlink !== undefined) return before.symlink === after.symlink;
  if (before.executable !== after.executable || before.lengthBytes !== after.lengthBytes) return false;
  return before.lengthBytes === 0 || contentKey(before) === contentKey(after);
}

/** Undefined for what has no bytes. */
export function contentKey(file: PatchFile): string | undefined {
  if (file.symlink !== undefined || file.lengthBytes === 0) return undefined;
  if (file.piecesRoot === undefined) {
    throw new DeltaError('bad_tree', `make a patch: the pieces root of ${JSON.stringify(file.path)} is not given`, {
      path: file.path,
    });
  }
  return Buffer.from(file.piecesRoot).toString('latin1');
}
