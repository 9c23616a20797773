import { describe, expect, it } from 'vitest';

import { filesOf, noise, type MemoryTree } from '../testing/memory-patch.contract.ts';
import { entropyBits, findDefeatedFiles, type DefeatedFile } from './defeated-files.ts';

const LENGTH = 2_000_000;
const packed = noise(LENGTH, 1);
const plain = new Uint8Array(LENGTH).map((_, index) => index % 50);

/** Every new file is written but one that stays, and of each a share of its bytes is literal. */
function find(old: MemoryTree, fresh: MemoryTree, literalShare = 0.9, restBytes = 0): Promise<DefeatedFile[]> {
  const written = filesOf(fresh);
  const costs = written.map(({ path, lengthBytes }) => ({
    ...{ path, lengthBytes, literalBytes: lengthBytes * literalShare },
  }));
  const rest = { path: 'rest', lengthBytes: restBytes, executable: false, piecesRoot: new Uint8Array(32) };
  return findDefeatedFiles([...filesOf(old), rest], [...written, rest], written, costs);
}

describe('findDefeatedFiles()', () => {
  it('names packs that are compressed as a whole, the dearest first', async () => {
    const large = noise(LENGTH + 1000, 2);
    const found = await find({ 'a.pak': large, 'b.pak': packed }, { 'a.pak': packed, 'b.pak': large });
    expect(found.map(({ path, lengthBytes }) => [path, lengthBytes])).toEqual([
      ['b.pak', LENGTH + 1000],
      ['a.pak', LENGTH],
    ]);
    for (const { lengthBytes, costBytes } of found) expect(costBytes / lengthBytes).toBeCloseTo(0.9, 2);
  });

  it('names a pack that has a version in its name', async () => {
    const found = await find({ 'data-1.9.pak': plain }, { 'data-1.10.pak': packed });
    expect(found).toMatchObject([{ path: 'data-1.10.pak' }]);
  });

  it('leaves out what is little of the release, and names it where there is much of it', async () => {
    const [old, fresh] = [
      { 'a.pak': plain, 'b.pak': plain },
      { 'a.pak': packed, 'b.pak': packed },
    ];
    const [one] = await find({ 'a.pak': plain }, { 'a.pak': packed });
    const { costBytes = 0 } = one ?? {};
    const restBytes = costBytes / 0.05;
    expect(await find({ 'a.pak': plain }, { 'a.pak': packed }, 0.9, restBytes)).toEqual([]);
    expect(await find(old, fresh, 0.9, restBytes)).toHaveLength(2);
  });

  it.each<[string, MemoryTree, MemoryTree, number]>([
    ['what is new', { 'a.pak': packed }, { 'other.pak': packed }, 0.9],
    ['what is new beside others of a row', { 'l1.pak': packed }, { 'l1.pak': plain, 'l2.pak': packed }, 0.9],
    ['what was found', { 'a.pak': packed }, { 'a.pak': packed }, 0.4],
    ['what is not compressed', { 'a.pak': plain }, { 'a.pak': plain }, 0.9],
    ['what is small', { 'a.png': noise(500_000, 1) }, { 'a.png': noise(500_000, 2) }, 1],
    ['what stood there for it', { 'a.pak': noise(100, 1) }, { 'a.pak': packed }, 1],
    ['an empty release', {}, {}, 1],
  ])('leaves out %s', async (_, old, fresh, literalShare) => {
    expect(await find(old, fresh, literalShare)).toEqual([]);
  });
});

describe('entropyBits()', () => {
  it('is 0 for no bytes and for one value, and 8 for all alike', () => {
    expect(entropyBits(new Float64Array(256))).toBe(0);
    expect(entropyBits(Float64Array.of(0, 7))).toBe(0);
    expect(entropyBits(new Float64Array(256).fill(3))).toBe(8);
  });
});
