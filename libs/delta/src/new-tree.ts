import { Buffer } from 'node:buffer';

import { DeltaError } from './delta-error.ts';
import type { Patch } from './format/open-patch.ts';
import { SHAPE_DIGEST_BYTES, type SourceView } from './format/listing.ts';
import { contentDigest, shapeDigest, sortTree, type TreeFile } from './tree.ts';

/** A file or link of the new tree, and where its content comes from. */
export interface NewFile extends TreeFile {
  readonly origin: NewFileOrigin;
}

export type NewFileOrigin =
  /** The same path in the old tree, unchanged. */
  | { readonly kind: 'kept'; readonly old: TreeFile }
  /** Another path's content, or the same path with another executable bit. */
  | { readonly kind: 'moved'; readonly old: TreeFile }
  /** The `index`-th file that the patch writes. */
  | { readonly kind: 'written'; readonly index: number }
  /** The same bytes as the `index`-th file that the patch writes. */
  | { readonly kind: 'twin'; readonly index: number }
  | { readonly kind: 'link' };

/** An old file that a patch reads, perhaps with other line ends. */
export interface SourceFile extends TreeFile {
  readonly view?: SourceView | undefined;
}

export interface PatchTrees {
  /** The old files that the patch reads, in the order of their addresses. */
  readonly sources: readonly SourceFile[];
  /** The new tree in torrent order. */
  readonly files: readonly NewFile[];
  /** Those that the patch writes, by their index. */
  readonly written: readonly NewFile[];
  /** Paths of the old tree that the new one does not have. */
  readonly removed: readonly string[];
}

/**
 * What a patch makes of an old tree.
 *
 * @param old The old release's files and links, and nothing else; pieces roots where they are known.
 * @throws {DeltaError} `wrong_old_tree` when it is not the tree that the patch begins at, `bad_patch`, `bad_tree`
 */
export function resolveTrees(patch: Patch, old: readonly TreeFile[]): PatchTrees {
  const { listing } = patch;
  const before = sortTree(old);
  const digest = shapeDigest(before).subarray(0, SHAPE_DIGEST_BYTES);
  if (before.length !== listing.oldFileCount || Buffer.compare(digest, listing.oldShape) !== 0) {
    throw new DeltaError(
      'wrong_old_tree',
      `apply a patch: it begins at a release of ${listing.oldFileCount} files and ${listing.oldTreeBytes} bytes, ` +
        `found ${describe(before)} with other names or lengths; give exactly that release`,
    );
  }
  const named = new Set(listing.entries.map((entry) => entry.path));
  const removed = new Set(listing.removed);
  const kept = before.filter((file, index) => !removed.has(index) && !named.has(file.path));
  const oldPaths = new Set(before.map((file) => file.path));
  let written = 0;
  const lengths: TreeFile[] = [];
  const explicit = listing.entries.map((entry): NewFile => {
    const { path, executable, content, replaces } = entry;
    if (replaces !== oldPaths.has(path))
      throw bad(`${JSON.stringify(path)} as ${replaces ? '' : 'not '}in the old release`);
    switch (content.kind) {
      case 'written': {
        const file: NewFile = {
          path,
          executable,
          lengthBytes: content.lengthBytes,
          origin: { kind: 'written', index: written },
        };
        written += 1;
        lengths.push(file);
        return file;
      }
      case 'old': {
        const source = before[content.index];
        if (source?.symlink !== undefined || source === undefined)
          throw bad(`a link as the content of ${JSON.stringify(path)}`);
        const { lengthBytes, piecesRoot } = source;
        return { path, executable, lengthBytes, piecesRoot, origin: { kind: 'moved', old: source } };
      }
      case 'twin':
        return { path, executable, lengthBytes: 0, origin: { kind: 'twin', index: content.index } };
      case 'link':
        return { path, executable: false, lengthBytes: 0, symlink: content.symlink, origin: { kind: 'link' } };
    }
  });
  const twinsSized = explicit.map((file) =>
    file.origin.kind === 'twin' ? { ...file, lengthBytes: lengths[file.origin.index]?.lengthBytes ?? 0 } : file,
  );
  const files = sortTree<NewFile>([...kept.map(keptFile), ...twinsSized]);
  if (files.length !== listing.newFileCount || bytesOf(files) !== listing.newTreeBytes) {
    throw bad(`${describe(files)} made, ${listing.newFileCount} and ${listing.newTreeBytes} bytes declared`);
  }
  const views = new Map(listing.views.map((view) => [view.place, view]));
  const sources = listing.sources.map((index, place) => sourceFile(before[index], views.get(place)));
  const sourceBytes = sources.reduce((sum, { view, lengthBytes }) => sum + (view?.lengthBytes ?? lengthBytes), 0);
  if (sourceBytes !== listing.oldBytes) throw bad(`${sourceBytes} bytes of sources, ${listing.oldBytes} declared`);
  return {
    sources,
    files,
    written: files.filter((file) => file.origin.kind === 'written'),
    removed: listing.removed.flatMap((index) => before[index]?.path ?? []),
  };
}

/**
 * Checks a new tree, as it was made, against what the patch says of it.
 *
 * @param rootOf The pieces root of each file that is not empty, as it was made.
 * @throws {DeltaError} `wrong_new_tree`
 */
export function checkNewTree(
  patch: Patch,
  files: readonly NewFile[],
  rootOf: (file: NewFile, index: number) => Uint8Array | undefined,
): void {
  const found = contentDigest(files, (file, index) => rootOf(files[index] ?? (file as NewFile), index));
  if (Buffer.compare(found, patch.listing.newContent) === 0) return;
  throw new DeltaError(
    'wrong_new_tree',
    'apply a patch: the files that it keeps are not those of the release that it begins at; give an undamaged copy',
  );
}

function sourceFile(file: TreeFile | undefined, view: SourceView | undefined): SourceFile {
  if (!file || file.symlink !== undefined) throw bad('a link as a source');
  if (view && view.lengthBytes > 2 * file.lengthBytes) {
    throw bad(`${view.lengthBytes} bytes of ${JSON.stringify(file.path)}, which has ${file.lengthBytes}`);
  }
  return view ? { ...file, view } : file;
}

function keptFile(old: TreeFile): NewFile {
  const { path, lengthBytes, executable, symlink, piecesRoot } = old;
  return { path, lengthBytes, executable, symlink, piecesRoot, origin: { kind: 'kept', old } };
}

function bytesOf(files: readonly TreeFile[]): number {
  return files.reduce((sum, file) => sum + file.lengthBytes, 0);
}

function describe(files: readonly TreeFile[]): string {
  return `${files.length} files and ${bytesOf(files)} bytes`;
}

function bad(found: string): DeltaError {
  return new DeltaError('bad_patch', `apply a patch: found ${found}; fetch it again`);
}
