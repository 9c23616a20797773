import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LookUps } from './look-ups.ts';
import { PositionIndex } from './position-index.ts';

/** Content that repeats itself here and there. */
const repetitive = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 120 })
  .map((parts) =>
    Uint8Array.from(
      parts.flatMap(([kind, length]) => Array.from({ length }, (_, at) => (kind * 61 + at * at * (kind + 3)) & 0xff)),
    ),
  );

describe('LookUps', () => {
  it('finds every match that a look-up of its own finds, and says nothing of places that were not announced', () => {
    fc.assert(
      fc.property(
        repetitive,
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 5 }),
        (bytes, gaps) => {
          const index = new PositionIndex(bytes, {
            ...{ hashLength: 8, strideBytes: 1, entriesMax: 1 << 20, entriesExpected: bytes.length },
          });
          const stretches: [number, number][] = [];
          let at = 0;
          for (const [skip, length] of gaps) {
            const from = Math.min(bytes.length, at + skip);
            at = Math.min(bytes.length, from + length);
            stretches.push([from, at]);
          }
          const lookUps = new LookUps(index, stretches.values());
          const found = new Int32Array(3);
          for (let place = 0; place < bytes.length; place += 1) {
            const slot = lookUps.slotAt(place);
            const isAnnounced = stretches.some(([from, to]) => place >= from && place < to);
            const direct = index.slotAt(place);
            const count = direct < 0 ? 0 : index.candidates(direct, place, 0, 1, found);
            const hasMatch = found.subarray(0, count).some((source) => isMatch(bytes, source, place));
            if (slot >= 0) expect(slot).toBe(direct);
            if (!isAnnounced) expect(slot).toBe(-1);
            else if (hasMatch) expect(slot).toBe(direct);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

function isMatch(bytes: Uint8Array, source: number, place: number): boolean {
  return Buffer.compare(bytes.subarray(source, source + 8), bytes.subarray(place, place + 8)) === 0;
}
