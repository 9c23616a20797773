import { Buffer } from 'node:buffer';

import { comparePaths } from '@swarmpatch/metainfo';

import { DeltaError } from './delta-error.ts';
import { FileTable } from './file-table.ts';
import type { Patch } from './format/open-patch.ts';
import { type Listing, type PatchEntry, SHAPE_DIGEST_BYTES, type SourceView } from './format/listing.ts';
import { lazyList, type List } from './list.ts';
import { contentDigest, refuseCollisions, shapeDigest, sortTree, type TreeFile } from './tree.ts';

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
  readonly sources: List<SourceFile>;
  /** The new tree in torrent order. */
  readonly files: List<NewFile>;
  /** Those that the patch writes, by their index. */
  readonly written: List<NewFile>;
  /** Paths of the old tree that the new one does not have. */
  readonly removed: List<string>;
}

/**
 * What a patch makes of an old tree.
 *
 * @param old The old release's files and links, and nothing else; pieces roots where they are known.
 * @throws {DeltaError} `wrong_old_tree` when it is not the tree that the patch begins at, `bad_patch`, `bad_tree`
 */
export function resolveTrees(patch: Patch, old: readonly TreeFile[] | FileTable): PatchTrees {
  const { listing } = patch;
  const before = old instanceof FileTable ? old : sortTree(old);
  const digest = shapeDigest(before).subarray(0, SHAPE_DIGEST_BYTES);
  if (before.length !== listing.oldFileCount || Buffer.compare(digest, listing.oldShape) !== 0) {
    throw new DeltaError(
      'wrong_old_tree',
      `apply a patch: it begins at a release of ${listing.oldFileCount} files and ${listing.oldTreeBytes} bytes, ` +
        `found ${describe(before)} with other names or lengths; give exactly that release`,
    );
  }
  const entries = new ResolvedEntries(listing, before);
  const places = mergePlaces(listing, before);
  const files = lazyList(places.length, (index) => {
    const place = places[index] ?? 0;
    return place < 0 ? entries.fileAt(-1 - place) : keptFile(fileAt(before, place));
  });
  refuseCollisions(files);
  if (files.length !== listing.newFileCount || bytesOf(files) !== listing.newTreeBytes) {
    throw bad(`${describe(files)} made, ${listing.newFileCount} and ${listing.newTreeBytes} bytes declared`);
  }
  const views = new Map(listing.views.map((view) => [view.place, view]));
  const sources = lazyList(listing.sources.length, (place) =>
    sourceFile(before.at(listing.sources[place] ?? before.length), views.get(place)),
  );
  let sourceBytes = 0;
  for (const { view, lengthBytes } of sources) sourceBytes += view?.lengthBytes ?? lengthBytes;
  if (sourceBytes !== listing.oldBytes) throw bad(`${sourceBytes} bytes of sources, ${listing.oldBytes} declared`);
  return {
    ...{ sources, files, written: entries.written },
    removed: lazyList(listing.removed.length, (index) => fileAt(before, listing.removed[index] ?? 0).path),
  };
}

/** The entries of a listing as files of the new tree. */
class ResolvedEntries {
  readonly written: List<NewFile>;
  readonly #entries: List<PatchEntry>;
  readonly #before: List<TreeFile>;
  /** The entries that are written; and of each entry, how many of those are before it. */
  readonly #writtenEntries: Uint32Array;
  readonly #ordinals: Uint32Array;

  constructor({ entries }: Listing, before: List<TreeFile>) {
    const writtenEntries: number[] = [];
    this.#ordinals = new Uint32Array(entries.length);
    for (let index = 0; index < entries.length; index += 1) {
      this.#ordinals[index] = writtenEntries.length;
      const content = entries.at(index)?.content;
      if (content?.kind === 'written') writtenEntries.push(index);
      if (content?.kind === 'old' && fileAt(before, content.index).symlink !== undefined) {
        throw bad(`a link as the content of ${JSON.stringify(entries.at(index)?.path)}`);
      }
    }
    this.#entries = entries;
    this.#before = before;
    this.#writtenEntries = Uint32Array.from(writtenEntries);
    this.written = lazyList(writtenEntries.length, (index) => this.fileAt(this.#writtenEntries[index] ?? 0));
  }

  fileAt(index: number): NewFile {
    const entry = this.#entries.at(index);
    if (!entry) throw new RangeError(`look up entry ${index}: there are ${this.#entries.length}`);
    const { path, executable, content } = entry;
    switch (content.kind) {
      case 'written': {
        const origin = { kind: content.kind, index: this.#ordinals[index] ?? 0 };
        return { path, executable, lengthBytes: content.lengthBytes, origin };
      }
      case 'old': {
        const old = fileAt(this.#before, content.index);
        const { lengthBytes, piecesRoot } = old;
        return { path, executable, lengthBytes, piecesRoot, origin: { kind: 'moved', old } };
      }
      case 'twin':
        return { path, executable, lengthBytes: this.#writtenLength(content.index), origin: content };
      case 'link':
        return { path, executable: false, lengthBytes: 0, symlink: content.symlink, origin: { kind: 'link' } };
    }
  }

  #writtenLength(index: number): number {
    const content = this.#entries.at(this.#writtenEntries[index] ?? 0)?.content;
    return content?.kind === 'written' ? content.lengthBytes : 0;
  }
}

/**
 * The new tree in torrent order: of each file its index in the old tree where it is kept, or -1 less its index among the entries.
 *
 * @throws {DeltaError} `bad_patch` when an entry says wrongly whether it replaces an old file
 */
function mergePlaces({ entries, removed }: Listing, before: List<TreeFile>): Int32Array {
  const places = new Int32Array(before.length + entries.length);
  let count = 0;
  let entryIndex = 0;
  let entry = entries.at(0);
  let removedIndex = 0;
  for (let index = 0; index < before.length; index += 1) {
    const { path } = fileAt(before, index);
    for (; entry && comparePaths(entry.path, path) < 0; entry = entries.at(entryIndex)) addEntry(entry, 'new');
    const isNamed = entry?.path === path;
    if (entry && isNamed) {
      addEntry(entry, 'replacing');
      entry = entries.at(entryIndex);
    }
    const isRemoved = removed[removedIndex] === index;
    if (isRemoved) removedIndex += 1;
    if (isNamed || isRemoved) continue;
    places[count] = index;
    count += 1;
  }
  for (; entry; entry = entries.at(entryIndex)) addEntry(entry, 'new');
  return places.subarray(0, count);

  function addEntry({ path, replaces }: PatchEntry, found: 'new' | 'replacing'): void {
    if (replaces !== (found === 'replacing')) {
      throw bad(`${JSON.stringify(path)} as ${replaces ? '' : 'not '}in the old release`);
    }
    places[count] = -1 - entryIndex;
    count += 1;
    entryIndex += 1;
  }
}

/**
 * Checks a new tree, as it was made, against what the patch says of it.
 *
 * @param rootOf The pieces root of each file that is not empty, as it was made.
 * @throws {DeltaError} `wrong_new_tree`
 */
export function checkNewTree(
  patch: Patch,
  files: List<NewFile>,
  rootOf: (file: NewFile, index: number) => Uint8Array | undefined,
): void {
  const found = contentDigest(files, (file, index) => rootOf(file as NewFile, index));
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

function fileAt(files: List<TreeFile>, index: number): TreeFile {
  const file = files.at(index);
  if (!file) throw new RangeError(`look up file ${index}: there are ${files.length}`);
  return file;
}

function bytesOf(files: Iterable<TreeFile>): number {
  let bytes = 0;
  for (const { lengthBytes } of files) bytes += lengthBytes;
  return bytes;
}

function describe(files: List<TreeFile>): string {
  return `${files.length} files and ${bytesOf(files)} bytes`;
}

function bad(found: string): DeltaError {
  return new DeltaError('bad_patch', `apply a patch: found ${found}; fetch it again`);
}
