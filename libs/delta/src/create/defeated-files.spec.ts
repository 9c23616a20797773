import { describe, expect, it } from 'vitest';

import { defeatedFiles, entropyBits, type FileOutcome } from './defeated-files.ts';

const pack: FileOutcome = {
  ...{ path: 'a.pak', lengthBytes: 1_000_000, literalBytes: 900_000, replaces: true, entropyBits: 8 },
};

describe('defeatedFiles()', () => {
  it('names packs that are compressed as a whole, the dearest first', () => {
    const large = { ...pack, path: 'b.pak', literalBytes: 950_000 };
    expect(defeatedFiles([pack, large])).toEqual([
      { path: 'b.pak', costBytes: 950_000 },
      { path: 'a.pak', costBytes: 900_000 },
    ]);
  });

  it('leaves out what is new, found, plain or small', () => {
    const others: Partial<FileOutcome>[] = [
      { replaces: false },
      { literalBytes: 400_000 },
      { entropyBits: 5 },
      { lengthBytes: 1000, literalBytes: 1000 },
    ];
    expect(defeatedFiles(others.map((other) => ({ ...pack, ...other })))).toEqual([]);
  });
});

describe('entropyBits()', () => {
  it('is 0 for no bytes and for one value, and 8 for all alike', () => {
    expect(entropyBits(new Float64Array(256))).toBe(0);
    expect(entropyBits(Float64Array.of(0, 7))).toBe(0);
    expect(entropyBits(new Float64Array(256).fill(3))).toBe(8);
  });
});
