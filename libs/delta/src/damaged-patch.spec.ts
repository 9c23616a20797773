import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { applyPatch } from './apply/apply-patch.ts';
import { DeltaError } from './delta-error.ts';
import { ByteWriter } from './format/byte-writer.ts';
import { decodeListing } from './format/decode-listing.ts';
import { encodeListing } from './format/encode-listing.ts';
import { encodeHead, encodeTail, checkOf } from './format/frame.ts';
import type { Listing } from './format/listing.ts';
import { openPatch } from './format/open-patch.ts';
import { resolveTrees } from './new-tree.ts';
import type { Decompressor } from './ports.ts';
import { contentDigest, shapeDigest } from './tree.ts';
import {
  applyInMemory,
  compressor,
  decompressor,
  filesOf,
  joined,
  noise,
  patchBetween,
  rootOf,
  sourceOf,
  type Applied,
  type MemoryTree,
} from './testing/memory-patch.contract.ts';

const a = noise(300_000, 1);
const b = noise(400_000, 2);
const old: MemoryTree = { a, b, kept: noise(10, 3) };
const fresh: MemoryTree = {
  fromA: joined(noise(400_000, 4), a),
  fromB: joined(noise(400_000, 5), b),
  fromFromA: joined(noise(400_000, 4).subarray(50, 300_000), noise(10, 8)),
  kept: noise(10, 3),
  plain: noise(300_000, 6),
};

const failures = ({ results }: Applied): Record<string, string> =>
  Object.fromEntries(
    results.map((result) => [result.file.path, result.status === 'done' ? 'done' : result.failure.code]),
  );

const expectedRoots = new Map(
  Object.entries(fresh).flatMap(([path, content]) => (content instanceof Uint8Array ? [[path, rootOf(content)]] : [])),
);

let patch: Uint8Array;
beforeAll(async () => {
  patch = await patchBetween(old, fresh);
});

/** A patch of one written file whose listing says what is given. */
async function forged(listing: Partial<Listing>, data: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
  const raw = encodeListing({
    ...{ oldFileCount: 0, oldTreeBytes: 0, newFileCount: 1, newTreeBytes: 0, oldBytes: 0 },
    ...{ oldShape: shapeDigest([]).subarray(0, 16), newContent: contentDigest([], () => undefined) },
    ...{ removed: [], sources: [], views: [], entries: [], checks: new Uint8Array(4), segments: [] },
    ...listing,
  });
  return joined(encodeHead(), data, raw, encodeTail(raw, 'stored', raw.length));
}

const isNamed = (error: unknown): boolean => error instanceof DeltaError;

describe('applyPatch() of a patch for another copy', () => {
  it('fails just the files that an unreadable old file is part of', async () => {
    const applied = await applyInMemory(patch, old, { content: { b, kept: noise(10, 3) } });
    expect(failures(applied)).toEqual({
      ...{ fromA: 'source_unreadable', fromB: 'done', fromFromA: 'depends_on_failed', plain: 'done' },
    });
  });

  it('names an old file that is not as it was released, where roots tell', async () => {
    const changed = a.slice();
    changed[1000] = (changed[1000] ?? 0) + 1;
    const content = { ...old, a: changed };
    const applied = await applyInMemory(patch, old, { content, expectedRoots });
    expect(failures(applied)).toMatchObject({ fromA: 'source_mismatch', fromB: 'done', plain: 'done' });
    const [first] = applied.results;
    expect(first?.status === 'failed' && first.failure.path).toBe('a');
  });

  it('finds by its own checks what roots are not given for', async () => {
    const content = { ...old, b: joined(b.subarray(1), noise(1, 9)) };
    const listed = (files: ReturnType<typeof filesOf>): ReturnType<typeof filesOf> =>
      files.map(({ piecesRoot: _, ...file }) => file);
    const applied = await applyInMemory(patch, old, { content, listed });
    expect(failures(applied)).toEqual({ fromA: 'done', fromB: 'content_mismatch', fromFromA: 'done', plain: 'done' });
  });

  it('ends with what a port that writes throws', async () => {
    const full = new Error('no space left');
    const opened = await openPatch(sourceOf(patch), decompressor);
    const trees = resolveTrees(opened, filesOf(old));
    const ports = {
      readOld: () => undefined,
      readNew: () => undefined,
      write: () => {
        throw full;
      },
      finish: () => undefined,
    };
    await expect(applyPatch(opened, trees, ports)).rejects.toBe(full);
  });
});

describe('a damaged patch', () => {
  it('fails just the files whose bytes are in the damaged chunk', async () => {
    const damaged = patch.slice();
    const { segments } = await openPatch(sourceOf(patch), decompressor);
    const literals = segments[0]?.streams[1]?.[0];
    damaged[(literals?.offset ?? 0) + 1000] = (damaged[(literals?.offset ?? 0) + 1000] ?? 0) ^ 1;
    const applied = await applyInMemory(damaged, old, { expectedRoots });
    const codes = Object.values(failures(applied));
    expect(codes).toContain('patch_damaged');
    expect(codes.every((code) => ['done', 'patch_damaged', 'depends_on_failed'].includes(code))).toBe(true);
  });

  it('gives right files or a named error, whatever bytes change', async () => {
    const place = fc.nat({ max: patch.length - 1 });
    const change = fc.record({ place, value: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.option(place), async (changes, cut) => {
        const mutated = patch.slice(0, cut ?? patch.length);
        // Listing and tail are the likeliest to matter, and the least of the bytes.
        for (const [index, { place: at, value }] of changes.entries()) {
          const from = index % 2 === 0 ? Math.max(0, mutated.length - 400) : 0;
          mutated[Math.min(mutated.length - 1, from + (at % (mutated.length - from || 1)))] = value;
        }
        await expectRightOrNamed(mutated);
      }),
      { numRuns: 150 },
    );
  });

  it('gives right files or a named error, whatever a listing says with a true check', async () => {
    const opened = await openPatch(sourceOf(patch), decompressor);
    const raw = encodeListing(opened.listing);
    const dataEnd = patch.length - 16 - Buffer.from(patch).readUInt32LE(patch.length - 16);
    const change = fc.record({ place: fc.nat({ max: raw.length - 1 }), value: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const listing = raw.slice();
        for (const { place, value } of changes) listing[place] = value;
        await expectRightOrNamed(
          joined(patch.subarray(0, dataEnd), listing, encodeTail(listing, 'stored', listing.length)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('gives right files or a named error, whatever the streams say with true checks', async () => {
    const opened = await openPatch(sourceOf(patch), decompressor);
    const streams = fc.tuple(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(streams, async (parts) => {
        const listing = encodeListing({
          ...opened.listing,
          segments: [
            {
              newBytes: opened.writtenBytes,
              streams: parts.map((bytes) =>
                bytes.length === 0
                  ? []
                  : [{ method: 'stored', rawBytes: bytes.length, storedBytes: bytes.length, check: checkOf(bytes) }],
              ),
            },
          ],
        });
        await expectRightOrNamed(
          joined(encodeHead(), ...parts, listing, encodeTail(listing, 'stored', listing.length)),
        );
      }),
      { numRuns: 200 },
    );
  });

  async function expectRightOrNamed(bytes: Uint8Array): Promise<void> {
    try {
      const applied = await applyInMemory(bytes, old, { expectedRoots, writtenBytesMax: 64 * 1024 * 1024 });
      for (const result of applied.results) {
        if (result.status === 'failed') continue;
        const root = expectedRoots.get(result.file.path);
        if (root)
          expect(Buffer.compare(rootOf(applied.written.get(result.file.path) ?? new Uint8Array(0)), root)).toBe(0);
      }
    } catch (error) {
      if (!isNamed(error) && !(error instanceof RangeError)) throw error;
    }
  }
});

describe('openPatch()', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['no bytes', () => new Uint8Array(0), 'not_a_patch'],
    ['something else', (bytes) => joined(noise(8, 7), bytes.subarray(8)), 'not_a_patch'],
    [
      'a version to come',
      (bytes) => joined(bytes.subarray(0, 7), Uint8Array.of(2), bytes.subarray(8)),
      'unknown_version',
    ],
    ['a patch that is cut', (bytes) => bytes.subarray(0, -1), 'bad_patch'],
    ['bytes in between', (bytes) => joined(bytes.subarray(0, 8), Uint8Array.of(0), bytes.subarray(8)), 'bad_patch'],
  ])('refuses %s', async (_, change, code) => {
    await expect(openPatch(sourceOf(change(patch)), decompressor)).rejects.toMatchObject({ name: 'DeltaError', code });
  });

  it('gives a patch or a DeltaError for arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.boolean(), async (bytes, hasHead) => {
        const input = hasHead ? joined(encodeHead(), bytes) : bytes;
        await openPatch(sourceOf(input), decompressor).catch((error: unknown) => {
          expect(isNamed(error), String(error)).toBe(true);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('stops at what a listing declares, however much it decompresses to', async () => {
    const bomb = (await compressor.compress(new Uint8Array(200 * 1024 * 1024), 1)).bytes;
    let made = 0;
    const counting: Decompressor = {
      ...decompressor,
      async *decompress(method, compressed) {
        for await (const bytes of decompressor.decompress(method, compressed)) {
          made += bytes.length;
          yield bytes;
        }
      },
    };
    const file = joined(encodeHead(), bomb, encodeTail(bomb, 'brotli', 1000));
    await expect(openPatch(sourceOf(file), counting)).rejects.toMatchObject({ code: 'bad_patch' });
    expect(made).toBeLessThan(1024 * 1024);
    const huge = joined(encodeHead(), bomb, encodeTail(bomb, 'brotli', 0xffffffff));
    await expect(openPatch(sourceOf(huge), counting)).rejects.toMatchObject({ code: 'patch_too_large' });
  });

  it('lets additions and copies overlap what they make', async () => {
    const codes = Uint8Array.of((0 << 5) + 1, (1 << 5) + 5, (7 << 5) + 3);
    const parts = [codes, Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(1, 2), Uint8Array.of(1, 1, 1, 1, 255, 255)];
    const made = Uint8Array.of(1, 2, 2, 3, 3, 4, 2, 3, 3, 3, 3, 3);
    const file = await forged(
      {
        newTreeBytes: made.length,
        entries: entry('x', made.length).entries ?? [],
        segments: [
          {
            newBytes: made.length,
            streams: parts.map((bytes) =>
              bytes.length === 0
                ? []
                : [{ method: 'stored', rawBytes: bytes.length, storedBytes: bytes.length, check: checkOf(bytes) }],
            ),
          },
        ],
      },
      joined(...parts),
    );
    const applied = await applyInMemory(file, {}, { expectedRoots: new Map([['x', rootOf(made)]]) });
    expect(failures(applied)).toEqual({ x: 'done' });
  });

  it.each([
    ['few', 1000, 'patch_damaged'],
    ['many', 3 * 1024 * 1024, 'done'],
  ])('stops at what a chunk of %s bytes declares', async (_, length, status) => {
    const bomb = (await compressor.compress(new Uint8Array(100 * 1024 * 1024), 1)).bytes;
    const codes = Uint8Array.of(31);
    const lengths = new ByteWriter();
    lengths.varint(length - 32);
    const chunkOf = (bytes: Uint8Array, method: 'stored' | 'brotli', rawBytes: number) => ({
      ...{ method, rawBytes, storedBytes: bytes.length, check: checkOf(bytes) },
    });
    const file = await forged(
      {
        newTreeBytes: length,
        entries: [{ path: 'x', executable: false, replaces: false, content: { kind: 'written', lengthBytes: length } }],
        segments: [
          {
            newBytes: length,
            streams: [
              [chunkOf(codes, 'stored', codes.length)],
              [chunkOf(lengths.bytes, 'stored', lengths.length)],
              [],
              [chunkOf(bomb, 'brotli', length)],
              [],
            ],
          },
        ],
      },
      joined(codes, lengths.bytes, bomb),
    );
    const before = process.memoryUsage().arrayBuffers;
    const applied = await applyInMemory(file, {}, { expectedRoots: new Map([['x', rootOf(new Uint8Array(length))]]) });
    expect(failures(applied)).toEqual({ x: status });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it.each<[string, Partial<Listing>]>([
    ['a path that leaves the release', entry('../x')],
    ['an absolute path', entry('/x')],
    ['a device name', entry('NUL')],
    [
      'a link that leaves the release',
      { entries: [{ path: 'x', executable: false, replaces: false, content: { kind: 'link', symlink: '../y' } }] },
    ],
    [
      'a twin of nothing',
      { entries: [{ path: 'x', executable: false, replaces: false, content: { kind: 'twin', index: 0 } }] },
    ],
    [
      'an old file that is not there',
      { entries: [{ path: 'x', executable: false, replaces: false, content: { kind: 'old', index: 0 } }] },
    ],
    ['more written bytes than the tree has', { newTreeBytes: 1, entries: entry('x', 2).entries ?? [] }],
    ['bytes that no segment makes', { newTreeBytes: 5, entries: entry('x', 5).entries ?? [] }],
    ['sources of an empty tree', { sources: [0] }],
  ])('refuses %s', async (_, listing) => {
    await expect(openPatch(sourceOf(await forged(listing)), decompressor)).rejects.toMatchObject({ code: 'bad_patch' });
  });

  function entry(path: string, lengthBytes = 0): Partial<Listing> {
    return { entries: [{ path, executable: false, replaces: false, content: { kind: 'written', lengthBytes } }] };
  }
});

describe('decodeListing()', () => {
  it('gives a listing or a DeltaError for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeListing(bytes);
        } catch (error) {
          expect(isNamed(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
