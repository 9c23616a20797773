import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PeerList } from './peer-list.ts';

const KEY_BYTES = 6;

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setUint32(0, Math.imul(number, 2_654_435_761) >>> 0);
  key[5] = number & 0xff;
  return key;
}

function keysIn(bytes: Uint8Array, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)).toString('hex'),
  );
}

function allOf(list: PeerList): string[] {
  const target = new Uint8Array(list.count * KEY_BYTES);
  if (list.count > 0) list.sample(target, 0, [{ start: 0, end: list.count }], list.count, 0);
  return keysIn(target, list.count);
}

describe('PeerList', () => {
  it('holds what a sorted Map holds after any operations', () => {
    const operations = fc.array(
      fc.tuple(fc.constantFrom('put', 'put', 'put', 'remove', 'sweep'), fc.nat(900), fc.nat(3)),
      { maxLength: 2000 },
    );
    fc.assert(
      fc.property(operations, (steps) => {
        const list = new PeerList(KEY_BYTES);
        const model = new Map<string, number>();
        let slot = 250;
        for (const [step, number, pause] of steps) {
          const key = keyOf(number);
          const name = Buffer.from(key).toString('hex');
          if (step === 'put') {
            expect(list.put(key, slot)).toBe(!model.has(name));
            model.set(name, slot);
          } else if (step === 'remove') {
            expect(list.remove(key)).toBe(model.delete(name));
          } else {
            slot += pause;
            const old = [...model].filter(([, heard]) => slot - heard > 4).map(([found]) => found);
            for (const found of old) model.delete(found);
            expect(list.sweep(slot, 4)).toBe(old.length);
          }
          expect(list.count).toBe(model.size);
        }
        const sorted = [...model.keys()].sort();
        expect(allOf(list)).toEqual(sorted);
        sorted.forEach((name, rank) => expect(list.rankOf(Buffer.from(name, 'hex'))).toBe(rank));
      }),
      { numRuns: 40 },
    );
  });

  it('stays sorted through chunks that split and empty', () => {
    const list = new PeerList(KEY_BYTES);
    for (let number = 0; number < 5000; number += 1) list.put(keyOf(number), 1);
    const names = Array.from({ length: 5000 }, (_, number) => Buffer.from(keyOf(number)).toString('hex')).sort();
    expect(allOf(list)).toEqual(names);
    for (let number = 0; number < 5000; number += 1) expect(list.remove(keyOf(number))).toBe(true);
    expect(list.count).toBe(0);
    expect(list.put(keyOf(1), 1)).toBe(true);
  });

  it('samples the ranges given, without repeating a peer', () => {
    const list = new PeerList(KEY_BYTES);
    for (let number = 0; number < 2000; number += 1) list.put(keyOf(number), 1);
    const names = allOf(list);
    const samples = fc.record({
      cut: fc.nat(900),
      gap: fc.nat(900),
      wanted: fc.integer({ min: 1, max: 200 }),
      random: fc.double({ min: 0, max: 0.9999, noNaN: true }),
    });
    fc.assert(
      fc.property(samples, ({ cut, gap, wanted, random }) => {
        const ranges = [
          { start: 0, end: cut },
          { start: cut + gap, end: 2000 },
        ].filter((range) => range.end > range.start);
        const target = new Uint8Array(wanted * KEY_BYTES + 3);
        expect(list.sample(target, 3, ranges, wanted, random)).toBe(target.length);
        const picked = keysIn(target.subarray(3), wanted);
        expect(new Set(picked).size).toBe(wanted);
        for (const name of picked) {
          const rank = names.indexOf(name);
          expect(ranges.some((range) => rank >= range.start && rank < range.end)).toBe(true);
        }
      }),
    );
  });

  it('finds the ranks of a prefix', () => {
    const list = new PeerList(KEY_BYTES);
    for (let host = 0; host < 1000; host += 1) list.put(Uint8Array.of(10, host >> 5, host & 31, 1, 0, 80), 1);
    const near = Uint8Array.of(10, 7, 3, 9, 0, 1);
    expect(list.ranksOfPrefix(near, 1)).toEqual({ start: 0, end: 1000 });
    expect(list.ranksOfPrefix(near, 2)).toEqual({ start: 7 * 32, end: 8 * 32 });
    expect(list.ranksOfPrefix(near, 3)).toEqual({ start: 7 * 32 + 3, end: 7 * 32 + 4 });
    expect(list.ranksOfPrefix(near, 4)).toEqual({ start: 7 * 32 + 4, end: 7 * 32 + 4 });
    expect(list.ranksOfPrefix(Uint8Array.of(9, 0, 0, 0, 0, 0), 1)).toEqual({ start: 0, end: 0 });
    expect(list.ranksOfPrefix(Uint8Array.of(11, 0, 0, 0, 0, 0), 1)).toEqual({ start: 1000, end: 1000 });
  });

  it('drops the oldest of some ranks', () => {
    const list = new PeerList(KEY_BYTES);
    for (let port = 1; port <= 9; port += 1)
      list.put(Uint8Array.of(10, 0, 0, 1, 0, port), port === 5 ? 250 : 255 + port);
    list.removeOldest({ start: 2, end: 9 }, 270);
    expect(list.rankOf(Uint8Array.of(10, 0, 0, 1, 0, 5))).toBeUndefined();
    expect(list.count).toBe(8);
  });
});
