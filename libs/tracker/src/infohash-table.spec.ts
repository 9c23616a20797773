import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InfohashTable } from './infohash-table.ts';

function infohashOf(number: number): Uint8Array {
  const infohash = new Uint8Array(20);
  new DataView(infohash.buffer).setUint32(16, number);
  return infohash;
}

describe('InfohashTable', () => {
  it('holds what a Map holds after any operations', () => {
    const operations = fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'get'), fc.nat(300)), { maxLength: 600 });
    fc.assert(
      fc.property(operations, fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, seed) => {
        const table = new InfohashTable<{ number: number }>(() => seed);
        const model = new Map<number, { number: number }>();
        for (const [step, number] of steps) {
          if (step === 'set') {
            const value = { number };
            table.set(infohashOf(number), value);
            model.set(number, value);
          } else if (step === 'delete') {
            expect(table.delete(infohashOf(number))).toBe(model.delete(number));
          } else {
            expect(table.get(infohashOf(number))).toBe(model.get(number));
          }
          expect(table.size).toBe(model.size);
        }
        expect([...table.values()].map(({ number }) => number).sort()).toEqual([...model.keys()].sort());
        for (let number = 0; number <= 300; number += 1) expect(table.get(infohashOf(number))).toBe(model.get(number));
      }),
      { numRuns: 50 },
    );
  });

  it('grows and shrinks through many thousands', () => {
    const table = new InfohashTable<number>(() => 0.5);
    for (let number = 1; number <= 20_000; number += 1) table.set(infohashOf(number), number);
    for (let number = 1; number <= 20_000; number += 2) table.delete(infohashOf(number));
    for (let number = 1; number <= 20_000; number += 1)
      expect(table.get(infohashOf(number))).toBe(number % 2 === 0 ? number : undefined);
    for (let number = 2; number <= 20_000; number += 2) table.delete(infohashOf(number));
    expect(table.size).toBe(0);
    expect([...table.values()]).toEqual([]);
  });

  it('refuses keys that are no infohashes', () => {
    const table = new InfohashTable<number>(() => 0);
    expect(() => table.get(new Uint8Array(32))).toThrow('20 bytes');
  });
});
