import type { Patch } from './format/open-patch.ts';

/** A file or link that a patch names. Those that it leaves as they are it does not name. */
export interface PatchedFile {
  readonly path: string;
  /**
   * `changed` and `new` files are written, the one in place of an old file. `moved` ones have the content of an old file,
   * `copied` ones that of a written file. `link` is a symbolic link.
   */
  readonly kind: 'changed' | 'new' | 'moved' | 'copied' | 'link';
  /** That the patch makes for it. */
  readonly writtenBytes: number;
  readonly executable: boolean;
}

/** What is in a patch, as far as it can be told without the old release. */
export interface PatchDescription {
  readonly bytes: number;
  readonly oldTreeBytes: number;
  readonly newTreeBytes: number;
  readonly oldFileCount: number;
  readonly newFileCount: number;
  readonly removedCount: number;
  /** Neither named nor removed: they stay as they are. */
  readonly keptCount: number;
  /** Lengths of the old files that applying it reads. */
  readonly sourceBytes: number;
  readonly writtenBytes: number;
  /** In torrent order. */
  readonly files: readonly PatchedFile[];
}

export function describePatch(patch: Patch): PatchDescription {
  const { listing } = patch;
  return {
    bytes: patch.source.length,
    oldTreeBytes: listing.oldTreeBytes,
    newTreeBytes: listing.newTreeBytes,
    oldFileCount: listing.oldFileCount,
    newFileCount: listing.newFileCount,
    removedCount: listing.removed.length,
    keptCount: listing.newFileCount - listing.entries.length,
    sourceBytes: listing.oldBytes,
    writtenBytes: patch.writtenBytes,
    files: Array.from(listing.entries, ({ path, content, executable, replaces }) => ({
      path,
      kind:
        content.kind === 'written'
          ? replaces
            ? 'changed'
            : 'new'
          : content.kind === 'old'
            ? 'moved'
            : content.kind === 'twin'
              ? 'copied'
              : 'link',
      writtenBytes: content.kind === 'written' ? content.lengthBytes : 0,
      executable,
    })),
  };
}
