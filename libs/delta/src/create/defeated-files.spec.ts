import { describe, expect, it } from 'vitest';

import { compressor, filesOf, noise } from '../testing/memory-patch.contract.ts';
import { createPatch } from './create-patch.ts';
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

describe('createPatch()', () => {
  it('names a pack that is encrypted anew, and not one that moved its content', async () => {
    const pack = noise(200_000, 1);
    const created = await createPatch({
      old: filesOf({ 'a.pak': pack, 'b.pak': noise(200_000, 2) }),
      new: filesOf({ 'a.pak': pack.map((byte, index) => byte ^ (index * 37)), 'b.pak': noise(250_000, 2).subarray(9) }),
      ...{ effort: 3, memoryBytesMax: 64 * 1024 * 1024, compressor, write: async () => {} },
    });
    expect(created.defeated.map((file) => file.path)).toEqual(['a.pak']);
  });
});
