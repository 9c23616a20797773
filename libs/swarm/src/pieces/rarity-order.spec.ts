import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RarityOrder } from './rarity-order.ts';

const PIECES = 12;

type Step = ['add' | 'remove' | 'raise' | 'lower', number];

describe('RarityOrder', () => {
  it('stays ordered by count whatever is added, removed, raised and lowered', () => {
    const step = fc.tuple(fc.constantFrom('add', 'remove', 'raise', 'lower'), fc.nat(PIECES - 1)) as fc.Arbitrary<Step>;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(), (steps, seed) => {
        let state = seed;
        const order = new RarityOrder(PIECES, () => (state = (state * 16807 + 11) % 2147483647) / 2147483647);
        const counts = new Array<number>(PIECES).fill(0);
        const inside = new Set<number>();
        for (const [action, piece] of steps) {
          if (action === 'lower' && counts[piece] === 0) continue;
          order[action](piece);
          if (action === 'add') inside.add(piece);
          if (action === 'remove') inside.delete(piece);
          if (action === 'raise') counts[piece] = (counts[piece] ?? 0) + 1;
          if (action === 'lower') counts[piece] = (counts[piece] ?? 0) - 1;
          const pieces = Array.from({ length: order.size }, (_, place) => order.at(place));
          expect(new Set(pieces)).toEqual(inside);
          expect(pieces.length).toBe(inside.size);
          const found = pieces.map((each) => counts[each] ?? 0);
          expect(found).toEqual([...found].sort((a, b) => a - b));
          for (const each of inside) expect(order.includes(each)).toBe(true);
        }
      }),
    );
  });

  it('orders equals differently for each client', () => {
    const first = (random: () => number): number[] => {
      const order = new RarityOrder(PIECES, random);
      for (let piece = 0; piece < PIECES; piece += 1) order.add(piece);
      return Array.from({ length: PIECES }, (_, place) => order.at(place));
    };
    expect(first(() => 0)).not.toEqual(first(() => 0.5));
  });
});
