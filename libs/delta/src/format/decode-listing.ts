import { Buffer } from 'node:buffer';

import { describePathProblem, findPathProblem, pathSortKey, targetOfLink } from '@swarmpatch/metainfo';

import { DeltaError } from '../delta-error.ts';
import {
  CHUNK_BYTES_MAX,
  PATCH_FILE_COUNT_MAX,
  PATCH_TREE_BYTES_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_STREAM_COUNT_MAX,
  STREAM_BYTES_MAX,
} from '../limits.ts';
import { ByteReader } from './byte-reader.ts';
import { ENTRY_KINDS } from './encode-listing.ts';
import {
  CHECK_BYTES,
  CONTENT_DIGEST_BYTES,
  groupEnds,
  SHAPE_DIGEST_BYTES,
  writtenLengths,
  type Chunk,
  type EntryContent,
  type Listing,
  type PatchEntry,
  type Segment,
  type SourceView,
} from './listing.ts';
import { LINE_ENDS } from './line-ends.ts';
import { METHODS } from './methods.ts';

/** Reads a listing and checks all that can be checked without the old tree. @throws {DeltaError} `bad_patch` */
export function decodeListing(bytes: Uint8Array): Listing {
  const reader = new ByteReader(bytes);
  const oldFileCount = reader.varint(PATCH_FILE_COUNT_MAX, 'old files');
  const oldTreeBytes = reader.varint(PATCH_TREE_BYTES_MAX, 'bytes of old files');
  const newFileCount = reader.varint(PATCH_FILE_COUNT_MAX, 'new files');
  const newTreeBytes = reader.varint(PATCH_TREE_BYTES_MAX, 'bytes of new files');
  const oldShape = reader.raw(SHAPE_DIGEST_BYTES);
  const newContent = reader.raw(CONTENT_DIGEST_BYTES);
  const removed = readRising(reader, oldFileCount, 'removed files');
  const sources = readRising(reader, oldFileCount, 'sources');
  // Other line ends make a file twice as long at most.
  const oldBytes = reader.varint(2 * oldTreeBytes, 'bytes of sources');
  const views = readViews(reader, sources.length, oldBytes);
  const entries = readEntries(reader, oldFileCount);
  const lengths = writtenLengths(entries);
  const writtenBytes = lengths.reduce((sum, length) => sum + length, 0);
  if (writtenBytes > newTreeBytes) throw bad(`${writtenBytes} written bytes in a tree of ${newTreeBytes}`);
  const checks = reader.raw(groupEnds(lengths).length * CHECK_BYTES);
  const segments = readSegments(reader, writtenBytes);
  if (reader.left > 0) throw bad(`${reader.left} bytes behind the listing`);
  return {
    ...{ oldFileCount, oldTreeBytes, newFileCount, newTreeBytes, oldShape, newContent },
    ...{ removed, sources, oldBytes, views, entries, checks, segments },
  };
}

function readRising(reader: ByteReader, count: number, what: string): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (let left = reader.varint(count, what); left > 0; left -= 1) {
    const index = next + reader.varint(count, `as an index of ${what}`);
    if (index >= count) throw bad(`old file ${index} of ${count} among the ${what}`);
    indexes.push(index);
    next = index + 1;
  }
  return indexes;
}

function readViews(reader: ByteReader, sourceCount: number, oldBytes: number): SourceView[] {
  const places = readRising(reader, sourceCount, 'sources with other line ends');
  const kinds = places.map(() => {
    const [code = 0] = reader.raw(1);
    const ends = LINE_ENDS[code];
    if (ends === undefined) throw bad(`line ends ${code}`);
    return ends;
  });
  return places.map((place, index) => ({
    place,
    ends: kinds[index] ?? 'lf',
    lengthBytes: reader.varint(oldBytes, 'bytes of a source'),
  }));
}

function readEntries(reader: ByteReader, oldFileCount: number): PatchEntry[] {
  const count = reader.varint(Math.min(PATCH_FILE_COUNT_MAX, reader.left), 'entries');
  const flags = Uint8Array.from(reader.raw(count));
  const paths = readPaths(reader, count);
  const contents = readContents(reader, flags, paths, oldFileCount);
  return contents.map((content, index) => ({
    path: paths[index] ?? '',
    executable: ((flags[index] ?? 0) & 4) !== 0,
    replaces: ((flags[index] ?? 0) & 8) !== 0,
    content,
  }));
}

function readPaths(reader: ByteReader, count: number): string[] {
  const shared = Array.from({ length: count }, () => reader.varint(65_535, 'shared bytes of a path'));
  const paths: string[] = [];
  let before: Buffer = Buffer.alloc(0);
  let keyBefore = '';
  for (const length of shared) {
    if (length > before.length) throw bad(`a path that shares ${length} bytes with one of ${before.length}`);
    const bytes = Buffer.concat([before.subarray(0, length), reader.bytesToZero()]);
    const path = bytes.toString();
    const problem = findPathProblem(path);
    if (problem || path.includes('\uFFFD')) {
      throw bad(`the path ${JSON.stringify(path)}, which ${problem ? describePathProblem(problem) : 'is not UTF-8'}`);
    }
    const key = pathSortKey(path);
    if (key <= keyBefore) throw bad(`${JSON.stringify(path)} out of order`);
    paths.push(path);
    before = bytes;
    keyBefore = key;
  }
  return paths;
}

function readContents(
  reader: ByteReader,
  flags: Uint8Array,
  paths: readonly string[],
  oldFileCount: number,
): EntryContent[] {
  const kinds = Array.from(flags, (flag) => {
    const kind = ENTRY_KINDS[flag & 3];
    if (kind === undefined || flag > 15) throw bad(`flags ${flag} of a file`);
    return kind;
  });
  const writtenCount = kinds.filter((kind) => kind === 'written').length;
  const contents = new Array<EntryContent>(kinds.length);
  for (const [index, kind] of kinds.entries()) {
    if (kind === 'written')
      contents[index] = { kind, lengthBytes: reader.varint(PATCH_TREE_BYTES_MAX, 'bytes of a file') };
  }
  let next = 0;
  for (const [index, kind] of kinds.entries()) {
    if (kind !== 'old') continue;
    const place = next + reader.signedVarint('as an index of an old file');
    if (place < 0 || place >= oldFileCount) throw bad(`old file ${place} of ${oldFileCount}`);
    contents[index] = { kind, index: place };
    next = place + 1;
  }
  for (const [index, kind] of kinds.entries()) {
    if (kind !== 'twin') continue;
    const place = reader.varint(PATCH_FILE_COUNT_MAX, 'as an index of a written file');
    if (place >= writtenCount) throw bad(`written file ${place} of ${writtenCount}`);
    contents[index] = { kind, index: place };
  }
  for (const [index, kind] of kinds.entries()) {
    if (kind === 'link') contents[index] = { kind, symlink: readLink(reader, paths[index] ?? '') };
  }
  return contents;
}

function readLink(reader: ByteReader, path: string): string {
  const symlink = reader.text();
  const target = targetOfLink(path, symlink);
  if (target === undefined || findPathProblem(target)) {
    throw bad(`a link ${JSON.stringify(path)} to ${JSON.stringify(symlink)}, which does not stay inside`);
  }
  return symlink;
}

function readSegments(reader: ByteReader, writtenBytes: number): Segment[] {
  const segments: Segment[] = [];
  let left = writtenBytes;
  for (let count = reader.varint(reader.left, 'segments'); count > 0; count -= 1) {
    const newBytes = reader.varint(Math.min(left, SEGMENT_BYTES_MAX), 'bytes of a segment');
    if (newBytes === 0) throw bad('a segment that makes nothing');
    left -= newBytes;
    const streamCount = reader.varint(SEGMENT_STREAM_COUNT_MAX, 'streams of a segment');
    segments.push({ newBytes, streams: Array.from({ length: streamCount }, () => readChunks(reader)) });
  }
  if (left > 0) throw bad(`segments that leave ${left} bytes unmade`);
  return segments;
}

function readChunks(reader: ByteReader): Chunk[] {
  const chunks: Chunk[] = [];
  let streamBytes = 0;
  for (let count = reader.varint(reader.left, 'chunks'); count > 0; count -= 1) {
    const code = reader.byte();
    const method = METHODS[code];
    if (method === undefined) throw bad(`compression ${code}, 0 to ${METHODS.length - 1} are known`);
    const rawBytes = reader.varint(CHUNK_BYTES_MAX, 'bytes of a chunk');
    const storedBytes = reader.varint(2 * CHUNK_BYTES_MAX, 'stored bytes of a chunk');
    streamBytes += rawBytes;
    if (rawBytes === 0 || streamBytes > STREAM_BYTES_MAX) throw bad(`a stream of ${streamBytes} bytes`);
    chunks.push({ method, rawBytes, storedBytes, check: reader.raw(CHECK_BYTES) });
  }
  return chunks;
}

function bad(found: string): DeltaError {
  return new DeltaError('bad_patch', `read a patch: found ${found}; fetch it again`);
}
