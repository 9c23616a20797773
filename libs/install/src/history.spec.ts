import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHistoryEntry, type HistoryEntry } from './history.ts';

const entry: HistoryEntry = {
  ...{ atMs: 1_700_000_000_000, command: 'update', from: '1.0.0', to: '1.1.0', plan: 'patch' },
  bytes: { fromPeers: 1, fromWebSeeds: 2, reused: 3, written: 4 },
};

describe('isHistoryEntry()', () => {
  it('takes an entry, and one of a first install', () => {
    const { from: _, ...first } = entry;
    expect([entry, first].map(isHistoryEntry)).toEqual([true, true]);
  });

  it('takes nothing that cannot be shown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), mutated()), (value) => {
        if (isHistoryEntry(value)) expect(new Date(value.atMs).toISOString()).toEqual(expect.any(String));
      }),
    );
  });
});

/** An entry with one of its fields changed or gone. */
function mutated(): fc.Arbitrary<unknown> {
  const field = fc.constantFrom('atMs', 'command', 'from', 'to', 'plan', 'bytes', 'fromPeers', 'written');
  const other = fc.oneof(fc.anything(), fc.double(), fc.maxSafeInteger());
  return fc.tuple(field, other).map(([name, value]) => {
    const isCount = name in entry.bytes;
    return isCount ? { ...entry, bytes: { ...entry.bytes, [name]: value } } : { ...entry, [name]: value };
  });
}
