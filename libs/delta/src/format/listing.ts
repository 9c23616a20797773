import type { List } from '../list.ts';
import type { ChunkMethod } from './methods.ts';
import type { LineEnds } from './line-ends.ts';

/** Digest of the old tree's shape, as kept in a patch: the first bytes of a SHA-256. */
export const SHAPE_DIGEST_BYTES = 16;
export const CONTENT_DIGEST_BYTES = 32;
/** Of chunks and of groups of files: enough against damage; signed roots stand against deceit. */
export const CHECK_BYTES = 4;
/** Written files are checked together until they have so many bytes: a check for each would cost more than small files do. */
export const CHECK_GROUP_BYTES: number = 256 * 1024;

/** A file or link of the new tree that is not as it was in the old one. */
export interface PatchEntry {
  readonly path: string;
  readonly executable: boolean;
  /** Whether the old tree has something else at this path. */
  readonly replaces: boolean;
  readonly content: EntryContent;
}

export type EntryContent =
  /** Made by the segments, one after the other in the order of the entries. */
  | { readonly kind: 'written'; readonly lengthBytes: number }
  /** Whole content of a file of the old tree, by its index there. */
  | { readonly kind: 'old'; readonly index: number }
  /** The same bytes as the n-th written file. */
  | { readonly kind: 'twin'; readonly index: number }
  | { readonly kind: 'link'; readonly symlink: string };

/** By the number that stands in an entry's flags. */
export const ENTRY_KINDS: readonly EntryContent['kind'][] = ['written', 'old', 'twin', 'link'];

/** What is compressed as one. */
export interface Chunk {
  readonly method: ChunkMethod;
  readonly rawBytes: number;
  readonly storedBytes: number;
  /** First bytes of the SHA-256 of the stored bytes. */
  readonly check: Uint8Array;
}

/** Operations and their data for the next bytes of new. The stored chunks of its streams follow one another in the file. */
export interface Segment {
  readonly newBytes: number;
  readonly streams: readonly (readonly Chunk[])[];
}

/** A source that is read with other line ends. */
export interface SourceView {
  /** Its place among the sources. */
  readonly place: number;
  readonly ends: LineEnds;
  /** With these line ends. */
  readonly lengthBytes: number;
}

/** All of a patch but its segments' data. */
export interface Listing {
  readonly oldFileCount: number;
  readonly oldTreeBytes: number;
  readonly newFileCount: number;
  readonly newTreeBytes: number;
  readonly oldShape: Uint8Array;
  readonly newContent: Uint8Array;
  /** Indexes in the old tree, rising: paths that the new tree does not have. */
  readonly removed: readonly number[];
  /** Indexes in the old tree, rising: files that the segments read. */
  readonly sources: readonly number[];
  /** Sum of the lengths of the sources, as they are read. */
  readonly oldBytes: number;
  /** Sources that are read with other line ends, rising. */
  readonly views: readonly SourceView[];
  /** In torrent order. */
  readonly entries: List<PatchEntry>;
  /** One for each group of written files, `CHECK_BYTES` each. */
  readonly checks: Uint8Array;
  readonly segments: readonly Segment[];
}

/** Runs of written files that are checked together: each ends with the file that brings it to `CHECK_GROUP_BYTES`. */
export function groupEnds(lengths: readonly number[]): number[] {
  const ends: number[] = [];
  let bytes = 0;
  for (const [index, length] of lengths.entries()) {
    bytes += length;
    if (bytes >= CHECK_GROUP_BYTES || index === lengths.length - 1) {
      ends.push(index + 1);
      bytes = 0;
    }
  }
  return ends;
}

export function writtenLengths(entries: Iterable<PatchEntry>): number[] {
  const lengths: number[] = [];
  for (const { content } of entries) if (content.kind === 'written') lengths.push(content.lengthBytes);
  return lengths;
}
