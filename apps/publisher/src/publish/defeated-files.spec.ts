import type { PatchSummary } from '@swarmpatch/api-contract';
import { describe, expect, it } from 'vitest';
import { describeDefeated, mergeDefeated } from './defeated-files.ts';

const patch: PatchSummary = { from: '1.0.0', to: '1.1.0', state: 'ready' };

describe('mergeDefeated()', () => {
  it('names each file once, with the most that it costs, the dearest first', () => {
    const small = { path: 'a.pak', bytes: 100, costBytes: 60 };
    const large = { path: 'b.pak', bytes: 90, costBytes: 80 };
    const patches: PatchSummary[] = [
      { ...patch, defeated: [small] },
      { ...patch, from: '0.9.0', state: 'rejected', defeated: [large, { ...small, costBytes: 70 }] },
      { ...patch, from: '0.8.0', defeated: [small] },
    ];
    expect(mergeDefeated(patches)).toEqual([large, { ...small, costBytes: 70 }]);
    expect(mergeDefeated([patch])).toEqual([]);
  });
});

describe('describeDefeated()', () => {
  it('says which files, what they cost and what to do, and nothing of none', () => {
    const lines = describeDefeated([{ path: 'a.pak', bytes: 4 * 1024 * 1024, costBytes: 3 * 1024 * 1024 }]);
    expect(lines[1]).toBe('  a.pak: 3.0 MiB to fetch, of 4.0 MiB');
    expect(lines.at(-1)).toMatch(/^Compress each asset/);
    expect(describeDefeated([])).toEqual([]);
  });
});
