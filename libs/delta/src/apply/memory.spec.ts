import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';

import { MerkleHasher } from '@swarmpatch/merkle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ByteWriter } from '../format/byte-writer.ts';
import { encodeListing } from '../format/encode-listing.ts';
import { checkOf, encodeHead, encodeTail } from '../format/frame.ts';
import type { Chunk, Listing, PatchEntry } from '../format/listing.ts';
import { oldFile, PATTERN_BYTES, patternOf, type ApplyOutcome } from '../testing/apply-process.contract.ts';
import { rootOf } from '../testing/memory-patch.contract.ts';
import { contentDigest, shapeDigest, type TreeFile } from '../tree.ts';

const PEAK_BYTES_MAX = 128 * 1024 * 1024;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** The most that a decoder of a patch keeps. */
const BROTLI_WINDOW_BYTES = 16 * 1024 * 1024;

const execFileInPool = promisify(execFile);
const child = fileURLToPath(new URL('../testing/apply-process.contract.ts', import.meta.url));
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-memory-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function apply(patch: readonly Uint8Array[], oldFileCount = 0): Promise<ApplyOutcome> {
  const patchPath = join(scratch, 'patch');
  await writeFile(patchPath, Buffer.concat(patch));
  const { stdout } = await execFileInPool(process.execPath, [
    ...process.execArgv,
    ...[child, patchPath, String(oldFileCount)],
  ]);
  return JSON.parse(stdout) as ApplyOutcome;
}

/** Chunks of a patch, one after another. */
class Data {
  readonly parts: Uint8Array[] = [];

  /** One chunk, which may declare fewer bytes than it gives; none for no bytes. */
  stream(raw: Uint8Array, rawBytes: number = raw.length): Chunk[] {
    if (raw.length === 0) return [];
    const packed = brotliCompressSync(raw, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 },
    });
    this.parts.push(packed);
    return [{ method: 'brotli', rawBytes, storedBytes: packed.length, check: checkOf(packed) }];
  }
}

function patchOf(listing: Partial<Listing>, data: Data): Uint8Array[] {
  const raw = encodeListing({
    ...{ oldFileCount: 0, oldTreeBytes: 0, newFileCount: 1, newTreeBytes: 0, oldBytes: 0 },
    ...{ oldShape: shapeDigest([]).subarray(0, 16), newContent: contentDigest([], () => undefined) },
    ...{ removed: [], sources: [], views: [], entries: [], checks: new Uint8Array(4), segments: [] },
    ...listing,
  });
  return framed(raw, data.parts);
}

function framed(raw: Uint8Array, data: readonly Uint8Array[]): Uint8Array[] {
  const packed = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  return [encodeHead(), ...data, packed, encodeTail(packed, 'brotli', raw.length)];
}

const written = (path: string, lengthBytes: number): PatchEntry => ({
  ...{ path, executable: false, replaces: false, content: { kind: 'written', lengthBytes } },
});

function varints(...values: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) writer.varint(value);
  return writer.bytes;
}

describe('the memory that applying a patch takes', { timeout: 60_000 }, () => {
  it('does not grow with what is written', async () => {
    const segmentCount = 4;
    const pattern = patternOf(PATTERN_BYTES);
    const hasher = new MerkleHasher();
    for (let done = 0; done < segmentCount * SEGMENT_BYTES; done += pattern.length) hasher.update(pattern);
    const data = new Data();
    const segments = Array.from({ length: segmentCount }, (_, index) => {
      // A literal and what repeats it; later on what was made long before.
      const first = index === 0 ? [PATTERN_BYTES] : [];
      const copied = SEGMENT_BYTES - (first[0] ?? 0);
      const streams = [
        data.stream(Uint8Array.of(...first.map(() => 31), (7 << 5) + 31)),
        data.stream(varints(...first.map((length) => length - 32), copied - 32)),
        data.stream(varints(index === 0 ? PATTERN_BYTES : SEGMENT_BYTES / 2)),
        data.stream(index === 0 ? pattern : new Uint8Array(0)),
        [],
      ];
      return { newBytes: SEGMENT_BYTES, streams };
    });
    const length = segmentCount * SEGMENT_BYTES;
    const outcome = await apply(
      patchOf(
        {
          ...{ newTreeBytes: length, segments, entries: [written('x', length)] },
          checks: checkOf(hasher.digest().piecesRoot),
        },
        data,
      ),
    );
    expect(outcome).toMatchObject({ errorCode: '', writtenFiles: 1, writtenBytes: length });
    expect(outcome.peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });

  it('stays within bounds with very many files', async () => {
    const [oldFileCount, writtenCount] = [200_000, 20_000];
    const old = Array.from({ length: oldFileCount }, (_, index): TreeFile => oldFile(index));
    const content = patternOf(10);
    const entries = Array.from({ length: writtenCount }, (_, index) => written(`made/${100_000 + index}`, 10));
    const data = new Data();
    const literals = Buffer.concat(Array.from({ length: writtenCount }, () => content));
    const segment = {
      newBytes: literals.length,
      streams: [
        data.stream(Uint8Array.of(31)),
        data.stream(varints(literals.length - 32)),
        [],
        data.stream(literals),
        [],
      ],
    };
    const root = rootOf(content);
    const oldTreeBytes = 100 * oldFileCount;
    const outcome = await apply(
      patchOf(
        {
          ...{ oldFileCount, oldTreeBytes, oldShape: shapeDigest(old).subarray(0, 16) },
          ...{ newFileCount: oldFileCount + writtenCount, newTreeBytes: oldTreeBytes + literals.length },
          ...{ entries, segments: [segment], checks: checkOf(...entries.map(() => root)) },
        },
        data,
      ),
      oldFileCount,
    );
    expect(outcome).toMatchObject({ errorCode: '', writtenFiles: writtenCount, failedFiles: 0 });
    expect(outcome.peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });

  it('stays within bounds when every stream decompresses to far more than it is long', async () => {
    const data = new Data();
    const zeros = new Uint8Array(3 * BROTLI_WINDOW_BYTES);
    // Literals of twelve bytes each; nothing asks for more of the other streams.
    const streams = [data.stream(new Uint8Array(zeros.length / 12).fill(11))];
    for (let count = 0; count < 4; count += 1) streams.push(data.stream(zeros));
    const listing = { newTreeBytes: zeros.length, entries: [written('x', zeros.length)] };
    const outcome = await apply(patchOf({ ...listing, segments: [{ newBytes: zeros.length, streams }] }, data));
    expect(outcome).toMatchObject({ errorCode: '', writtenBytes: zeros.length, failedFiles: 1 });
    expect(outcome.peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });

  it('stays within bounds when every stream decompresses to far more than it declares', async () => {
    const data = new Data();
    const zeros = new Uint8Array(3 * BROTLI_WINDOW_BYTES);
    const declared = 1024 * 1024;
    const newBytes = 16 * declared;
    const streams = [data.stream(new Uint8Array(zeros.length).fill(15), declared)];
    for (let count = 0; count < 4; count += 1) streams.push(data.stream(zeros, declared));
    const listing = { newTreeBytes: newBytes, entries: [written('x', newBytes)] };
    const outcome = await apply(patchOf({ ...listing, segments: [{ newBytes, streams }] }, data));
    expect(outcome).toMatchObject({ errorCode: '', writtenBytes: 0, failedFiles: 1 });
    expect(outcome.peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });

  it.each<[string, () => Uint8Array]>([
    ['paths that share nearly all with one another', sharedPaths],
    ['very many segments', manySegments],
    ['very many chunks', manyChunks],
  ])('stays within bounds with a listing of %s', async (_, listing) => {
    const outcome = await apply(framed(listing(), []));
    expect(outcome.errorCode).toBe('bad_patch');
    expect(outcome.peakBytes).toBeLessThan(PEAK_BYTES_MAX);
  });
});

/** Everything before the entries: no old files, and a new tree of that length. */
function listingStart(newFileCount: number, newTreeBytes: number): ByteWriter {
  const writer = new ByteWriter();
  for (const value of [0, 0, newFileCount, newTreeBytes]) writer.varint(value);
  writer.raw(new Uint8Array(48));
  for (let column = 0; column < 4; column += 1) writer.varint(0);
  return writer;
}

function sharedPaths(): Uint8Array {
  const [count, depth] = [200_000, 900];
  const writer = listingStart(count, 0);
  writer.varint(count);
  writer.raw(new Uint8Array(count));
  for (let index = 0; index < count; index += 1) writer.varint(index === 0 ? 0 : depth);
  for (let index = 0; index < count; index += 1) {
    const start = index === 0 ? `${'d'.repeat(199)}/`.repeat(4) + 'e'.repeat(100) : '';
    writer.text(start + String(index).padStart(6, '0'));
  }
  return writer.bytes;
}

function manySegments(): Uint8Array {
  const count = 2_000_000;
  const writer = startOfSegments(count);
  writer.varint(count);
  const segment = Uint8Array.of(1, 0);
  for (let index = 0; index < count; index += 1) writer.raw(segment);
  return writer.bytes;
}

function manyChunks(): Uint8Array {
  const count = 1_000_000;
  const writer = startOfSegments(1);
  for (const value of [1, 1, 1, count]) writer.varint(value);
  const chunk = Uint8Array.of(0, 1, 1, 0, 0, 0, 0);
  for (let index = 0; index < count; index += 1) writer.raw(chunk);
  return writer.bytes;
}

/** One written file and its check. */
function startOfSegments(lengthBytes: number): ByteWriter {
  const writer = listingStart(1, lengthBytes);
  writer.varint(1);
  writer.byte(0);
  writer.varint(0);
  writer.text('x');
  writer.varint(lengthBytes);
  writer.raw(new Uint8Array(4));
  return writer;
}
