import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashAt } from './hash.ts';
import { HashFilter } from './hash-filter.ts';
import { PlaceBatches, type Skips } from './place-batches.ts';

const NOTHING: Skips = { starts: new Int32Array(0), ends: new Int32Array(0) };

function batchesOf(batches: PlaceBatches): { hash: number; place: number }[][] {
  return Array.from(batches.all(), ({ hashes, places, count }) =>
    Array.from({ length: count }, (_, index) => ({ hash: hashes[index] ?? 0, place: places[index] ?? 0 })),
  );
}

function isSkipped({ starts, ends }: Skips, place: number): boolean {
  return starts.some((start, index) => place >= start && place < (ends[index] ?? 0));
}

/** Stretches that rise and do not touch, out of lengths of what is left and what is skipped. */
function skipsOf(lengths: readonly (readonly [left: number, skipped: number])[]): Skips {
  let at = 0;
  const stretches = lengths.map(([left, skipped]) => {
    const start = at + left;
    at = start + skipped;
    return [start, at] as const;
  });
  return { starts: Int32Array.from(stretches, ([start]) => start), ends: Int32Array.from(stretches, ([, end]) => end) };
}

describe('PlaceBatches', () => {
  it('gives every place that is not skipped once, with its hash', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(4, 5, 8, 16),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60 })), { maxLength: 6 }),
        (bytes, stride, hashLength, lengths) => {
          const skipped = skipsOf(lengths);
          const found = batchesOf(new PlaceBatches(bytes, { hashLength, stride, skipped })).flat();
          const wanted: number[] = [];
          for (let at = 0; at + hashLength <= bytes.length; at += stride) if (!isSkipped(skipped, at)) wanted.push(at);
          expect(found.map(({ place }) => place).toSorted((a, b) => a - b)).toEqual(wanted);
          for (const { hash, place } of found) expect(hash).toBe(hashAt(bytes, place, hashLength));
        },
      ),
    );
  });

  it('gives places of one hash in the order of the buffer, over all batches', () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    const batches = batchesOf(new PlaceBatches(bytes, { hashLength: 8, stride: 1, skipped: NOTHING }));
    expect(batches.length).toBeGreaterThan(2);
    const last = new Map<number, number>();
    for (const { hash, place } of batches.flat()) {
      expect(place).toBeGreaterThan(last.get(hash) ?? -1);
      last.set(hash, place);
    }
    expect(last.size).toBe(251);
  });

  it.each([
    ['a small', 1],
    ['a large', 2 ** 25],
  ])('gives places of wanted hashes alone, by %s filter', (_, countExpected) => {
    const bytes = Uint8Array.from({ length: 1000 }, (_byte, index) => (index * 37) & 0xff);
    const wanted = new HashFilter(countExpected, 2);
    wanted.add(hashAt(bytes, 5, 8));
    const found = batchesOf(new PlaceBatches(bytes, { hashLength: 8, stride: 1, skipped: NOTHING, wanted })).flat();
    expect(found.map(({ place }) => place)).toEqual([5, 261, 517, 773]);
  });
});
