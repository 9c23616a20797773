import { describe, expect, it } from 'vitest';

import { choosePieceLength } from './piece-length.ts';

const MIB = 1024 * 1024;

describe('choosePieceLength()', () => {
  it('grows with the size of a lone file', () => {
    expect([1, 10 * MIB, 1024 * MIB, 100 * 1024 * MIB].map((length) => choosePieceLength([length]))).toEqual([
      16_384,
      65_536,
      524_288,
      4 * MIB,
    ]);
  });

  it('stays within 16 KiB and 16 MiB', () => {
    expect(choosePieceLength([0])).toBe(16_384);
    expect(choosePieceLength([2 ** 43])).toBe(16 * MIB);
  });

  it('takes the shortest pieces for many small files, which are mostly padding', () => {
    const small = Array.from({ length: 60_000 }, (_, index) => 200 + (index % 3000));
    expect(choosePieceLength(small)).toBe(16_384);
  });

  it('weighs padding against pieces where files are of middling size', () => {
    const middling = Array.from({ length: 60_000 }, () => 100_000);
    const chosen = choosePieceLength(middling);
    expect(chosen).toBeLessThan(choosePieceLength([60_000 * 100_000]));
    const paddingBytes = 60_000 * (Math.ceil(100_000 / chosen) * chosen - 100_000);
    expect(paddingBytes / (60_000 * 100_000)).toBeLessThan(0.35);
  });
});
