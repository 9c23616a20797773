import { Buffer } from 'node:buffer';

import { comparePaths, describePathProblem, findPathProblem, targetOfLink } from '@swarmpatch/metainfo';

import { DeltaError } from '../delta-error.ts';
import {
  CHUNK_BYTES_MAX,
  PATCH_CHUNK_COUNT_MAX,
  PATCH_FILE_COUNT_MAX,
  PATCH_PATH_BYTES_MAX,
  PATCH_SEGMENT_COUNT_MAX,
  PATCH_TREE_BYTES_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_STREAM_COUNT_MAX,
  STREAM_BYTES_MAX,
} from '../limits.ts';
import { ByteReader } from './byte-reader.ts';
import { PathTable } from '../path-table.ts';
import { EntryTable } from './entry-table.ts';
import {
  CHECK_BYTES,
  CONTENT_DIGEST_BYTES,
  ENTRY_KINDS,
  groupEnds,
  SHAPE_DIGEST_BYTES,
  writtenLengths,
  type Chunk,
  type EntryContent,
  type Listing,
  type Segment,
  type SourceView,
} from './listing.ts';
import { LINE_ENDS } from './line-ends.ts';
import { CHUNK_METHODS } from './methods.ts';

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

function readEntries(reader: ByteReader, oldFileCount: number): EntryTable {
  const count = reader.varint(Math.min(PATCH_FILE_COUNT_MAX, reader.left), 'entries');
  const flags = Uint8Array.from(reader.raw(count));
  const paths = readPaths(reader, count);
  const numbers = readNumbers(reader, flags, oldFileCount);
  const links = new Map<number, string>();
  for (const [index, flag] of flags.entries()) {
    if (kindOf(flag) === 'link') links.set(index, readLink(reader, paths.at(index)));
  }
  return new EntryTable({ flags, paths, numbers, links });
}

function readPaths(reader: ByteReader, count: number): PathTable {
  const shared = Uint16Array.from({ length: count }, () => reader.varint(65_535, 'shared bytes of a path'));
  const paths = new PathTable();
  let before: Buffer = Buffer.alloc(0);
  let pathBefore = '';
  for (const [index, length] of shared.entries()) {
    if (length > before.length) throw bad(`a path that shares ${length} bytes with one of ${before.length}`);
    const bytes = Buffer.concat([before.subarray(0, length), reader.bytesToZero()]);
    const path = bytes.toString();
    const problem = findPathProblem(path);
    if (problem || path.includes('\uFFFD')) {
      throw bad(`the path ${JSON.stringify(path)}, which ${problem ? describePathProblem(problem) : 'is not UTF-8'}`);
    }
    if (index > 0 && comparePaths(pathBefore, path) >= 0) throw bad(`${JSON.stringify(path)} out of order`);
    paths.add(bytes);
    if (paths.bytes > PATCH_PATH_BYTES_MAX) {
      throw bad(`paths of more than ${PATCH_PATH_BYTES_MAX} bytes`);
    }
    before = bytes;
    pathBefore = path;
  }
  return paths;
}

/** What the flags of each entry say that there is a number for: columns one after another. */
function readNumbers(reader: ByteReader, flags: Uint8Array, oldFileCount: number): Float64Array {
  const numbers = new Float64Array(flags.length);
  let writtenCount = 0;
  for (const [index, flag] of flags.entries()) {
    if (kindOf(flag) !== 'written') continue;
    numbers[index] = reader.varint(PATCH_TREE_BYTES_MAX, 'bytes of a file');
    writtenCount += 1;
  }
  let next = 0;
  for (const [index, flag] of flags.entries()) {
    if (kindOf(flag) !== 'old') continue;
    const place = next + reader.signedVarint('as an index of an old file');
    if (place < 0 || place >= oldFileCount) throw bad(`old file ${place} of ${oldFileCount}`);
    numbers[index] = place;
    next = place + 1;
  }
  for (const [index, flag] of flags.entries()) {
    if (kindOf(flag) !== 'twin') continue;
    const place = reader.varint(PATCH_FILE_COUNT_MAX, 'as an index of a written file');
    if (place >= writtenCount) throw bad(`written file ${place} of ${writtenCount}`);
    numbers[index] = place;
  }
  return numbers;
}

function kindOf(flag: number): EntryContent['kind'] {
  const kind = ENTRY_KINDS[flag & 3];
  if (kind === undefined || flag > 15) throw bad(`flags ${flag} of a file`);
  return kind;
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
  let chunksLeft = PATCH_CHUNK_COUNT_MAX;
  for (let count = reader.varint(PATCH_SEGMENT_COUNT_MAX, 'segments'); count > 0; count -= 1) {
    const newBytes = reader.varint(Math.min(left, SEGMENT_BYTES_MAX), 'bytes of a segment');
    if (newBytes === 0) throw bad('a segment that makes nothing');
    left -= newBytes;
    const streamCount = reader.varint(SEGMENT_STREAM_COUNT_MAX, 'streams of a segment');
    const streams: Chunk[][] = [];
    for (let stream = 0; stream < streamCount; stream += 1) {
      const chunks = readChunks(reader, chunksLeft);
      chunksLeft -= chunks.length;
      streams.push(chunks);
    }
    segments.push({ newBytes, streams });
  }
  if (left > 0) throw bad(`segments that leave ${left} bytes unmade`);
  return segments;
}

function readChunks(reader: ByteReader, countMax: number): Chunk[] {
  const chunks: Chunk[] = [];
  let streamBytes = 0;
  for (let count = reader.varint(countMax, 'chunks'); count > 0; count -= 1) {
    const code = reader.byte();
    const method = CHUNK_METHODS[code];
    if (method === undefined) throw bad(`compression ${code}, 0 to ${CHUNK_METHODS.length - 1} are known`);
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
