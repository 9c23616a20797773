import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ByteSource } from '../ports.ts';
import { matchContent } from './match-content.ts';
import type { PatchOp } from './patch-op.ts';

const MIB = 1024 * 1024;

function sourceOf(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

async function match(
  old: Uint8Array,
  fresh: Uint8Array,
  effort = 6,
  memoryBytesMax = 64 * MIB,
): Promise<readonly PatchOp[]> {
  const ops = await matchContent({
    ...{ old: sourceOf(old), new: sourceOf(fresh), effort, memoryBytesMax },
  });
  return [...ops.toOps()];
}

/** Carries operations out; literals and differences come from `fresh`. Throws for a source that is not there. */
function carryOut(ops: readonly PatchOp[], old: Uint8Array, fresh: Uint8Array): Uint8Array {
  const space = new Uint8Array(old.length + fresh.length);
  space.set(old);
  let at = old.length;
  for (const op of ops) {
    if (op.kind !== 'literal' && (op.source < old.length ? op.source + op.length > old.length : op.source >= at)) {
      throw new RangeError(`${op.kind} of ${op.length} bytes at ${op.source}, made up to ${at}`);
    }
    for (let index = 0; index < op.length; index += 1) {
      const wanted = fresh[at - old.length] ?? 0;
      space[at] = op.kind === 'copy' ? (space[op.source + index] ?? 0) : wanted;
      at += 1;
    }
  }
  expect(at).toBe(space.length);
  return space.subarray(old.length);
}

function expectRestored(ops: readonly PatchOp[], old: Uint8Array, fresh: Uint8Array): void {
  expect(Buffer.compare(carryOut(ops, old, fresh), fresh)).toBe(0);
}

function literalBytes(ops: readonly PatchOp[]): number {
  return ops.reduce((sum, op) => sum + (op.kind === 'literal' ? op.length : 0), 0);
}

/** xorshift32: unlike a congruential generator, no two stretches of it differ by a constant. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 16;
  });
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const words = new Uint8Array(
  Buffer.from(Array.from({ length: 4000 }, (_, index) => `"item${(index * 7919) % 1000}": ${index},\n`).join('')),
);

const edit = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), count: fc.nat(400) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(), count: fc.nat(3) }),
  fc.record({ kind: fc.constant('move' as const), at: fc.nat(), count: fc.nat(3000), to: fc.nat() }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), count: fc.integer({ min: 1, max: 500 }) }),
);

function edited(bytes: Uint8Array, change: typeof edit extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length;
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (change.kind) {
    case 'cut':
      return joined(before, after.subarray(change.count));
    case 'insert':
      return joined(before, change.bytes, after);
    case 'change':
      return joined(
        before,
        after.subarray(0, change.count).map((byte) => byte + 3),
        after.subarray(change.count),
      );
    case 'move': {
      const rest = joined(before, after.subarray(change.count));
      const to = rest.length === 0 ? 0 : change.to % rest.length;
      return joined(rest.subarray(0, to), after.subarray(0, change.count), rest.subarray(to));
    }
    case 'repeat':
      return joined(before, ...Array.from({ length: 5 }, () => after.subarray(0, change.count)), after);
  }
}

describe('matchContent()', () => {
  it.each([1, 3, 4, 6, 7, 9])('restores what was edited, moved and repeated, at effort %i', async (effort) => {
    const base = fc.constantFrom(words, noise(20_000, 7), new Uint8Array(3000), Uint8Array.of(1), new Uint8Array(0));
    await fc.assert(
      fc.asyncProperty(base, fc.array(edit, { maxLength: 12 }), async (old, edits) => {
        const fresh = edits.reduce(edited, old);
        expectRestored(await match(old, fresh, effort), old, fresh);
      }),
      { numRuns: 25 },
    );
  });

  it('restores anything from anything', async () => {
    const few = fc.array(fc.constantFrom(0, 1), { maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
    const bytes = fc.oneof(few, fc.uint8Array({ maxLength: 200 }));
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.integer({ min: 1, max: 9 }), async (old, fresh, effort) => {
        expectRestored(await match(old, fresh, effort), old, fresh);
      }),
      { numRuns: 200 },
    );
  });

  it('finds what was moved with a budget that a tenth of it fits in', async () => {
    const parts = Array.from({ length: 40 }, (_, index) => noise(20_000, index + 1));
    const old = joined(...parts);
    const fresh = joined(...parts.toReversed(), ...parts.slice(0, 5), noise(1000, 99));
    const ops = await match(old, fresh, 6, 200_000);
    expectRestored(ops, old, fresh);
    expect(literalBytes(ops)).toBeLessThan(fresh.length * 0.25);
  });

  it('gives the same operations for the same content', async () => {
    const fresh = joined(words.subarray(5000), noise(3000, 5), words.subarray(0, 9000));
    expect(await match(words, fresh, 9)).toEqual(await match(words.slice(), fresh.slice(), 9));
  });

  it('takes nothing from elsewhere for bytes that are like no others', async () => {
    expect(await match(noise(300_000, 1), noise(300_000, 2), 9)).toEqual([{ kind: 'literal', length: 300_000 }]);
  });

  it('copies from new what new repeats', async () => {
    const once = noise(5000, 4);
    expect(literalBytes(await match(new Uint8Array(0), joined(once, once, once)))).toBe(5000);
  });

  it('stops where it is told to', async () => {
    const stop = new AbortController();
    const fresh = noise(3 * MIB, 3);
    const matching = matchContent({
      ...{
        old: sourceOf(words),
        new: sourceOf(fresh),
        effort: 3,
        memoryBytesMax: 64 * MIB,
      },
      onProgress: () => stop.abort(new Error('enough')),
      signal: stop.signal,
    });
    await expect(matching).rejects.toThrow('enough');
  });
});
