import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { describePatch } from './describe-patch.ts';
import { openPatch } from './format/open-patch.ts';
import { checkNewTree } from './new-tree.ts';
import {
  applyInMemory,
  decompressor,
  joined,
  noise,
  patchBetween,
  printed,
  rootOf,
  sourceOf,
  treeOf,
  type Applied,
  type MemoryTree,
} from './testing/memory-patch.contract.ts';

const a = noise(300_000, 1);
const b = noise(200_000, 2);
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

function checkTree(applied: Applied, tree: MemoryTree): void {
  checkNewTree(applied.patch, applied.trees.files, (file) => {
    const content = tree[file.path];
    if (content === undefined || 'link' in content) return undefined;
    return rootOf('run' in content ? content.run : content);
  });
}

const old: MemoryTree = {
  'bin/game': { run: joined(a, b) },
  'data/a.pak': a,
  'data/b.pak': b,
  'data/empty': new Uint8Array(0),
  link: { link: 'data/a.pak' },
  readme: text('first'),
  'gone/x': text('no more'),
};

const fresh: MemoryTree = {
  'bin/game': { run: joined(b, noise(5000, 3), a) },
  'data/a.pak': a,
  'data/b2.pak': b,
  'data/empty': new Uint8Array(0),
  'data/twin1': joined(a.subarray(100, 90_000), b),
  'data/twin2': joined(a.subarray(100, 90_000), b),
  link: { link: 'data/b2.pak' },
  link2: { link: 'bin/game' },
  'new/empty': { run: new Uint8Array(0) },
  readme: { run: text('first') },
};

describe('createPatch() and applyPatch()', () => {
  it('make the new tree out of the old one', async () => {
    const bytes = await patchBetween(old, fresh);
    const applied = await applyInMemory(bytes, old);
    expect(printed(treeOf(applied, old))).toEqual(printed(fresh));
    checkTree(applied, fresh);
    expect(bytes.length).toBeLessThan(8000);
    expect([...applied.trees.removed]).toEqual(['data/b.pak', 'gone/x']);
  });

  it('give the same bytes for the same trees', async () => {
    const shuffled = Object.fromEntries(Object.entries(old).toReversed());
    const [one, other] = [await patchBetween(shuffled, fresh), await patchBetween(old, fresh)];
    expect(Buffer.compare(one, other)).toBe(0);
  });

  it('make a small patch of equal trees, of a tree of nothing, and to nothing', async () => {
    const same = await patchBetween(fresh, fresh);
    expect(same.length).toBeLessThan(160);
    expect(printed(treeOf(await applyInMemory(same, fresh), fresh))).toEqual(printed(fresh));
    expect(printed(treeOf(await applyInMemory(await patchBetween({}, old), {}), {}))).toEqual(printed(old));
    expect(printed(treeOf(await applyInMemory(await patchBetween(old, {}), old), old))).toEqual(printed({}));
  });

  it('write nothing for files that were moved', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`old/${index}`, noise(500, index)]));
    const moved = Object.fromEntries(Object.entries(many).map(([path, bytes]) => [path.replace('old', 'new'), bytes]));
    const bytes = await patchBetween(many, moved);
    expect(bytes.length).toBeLessThan(1500);
    const applied = await applyInMemory(bytes, many);
    expect(applied.patch.writtenBytes).toBe(0);
    expect(printed(treeOf(applied, many))).toEqual(printed(moved));
  });

  it('restore any tree from any other', async () => {
    const block = fc.constantFrom(...Array.from({ length: 6 }, (_, seed) => noise(3000 + seed * 700, seed)));
    const content = fc.oneof(
      fc.array(fc.oneof(block, fc.uint8Array({ maxLength: 60 })), { maxLength: 8 }).map((parts) => joined(...parts)),
      fc.constantFrom({ link: 'c' }, { run: text('x') }),
    );
    const tree = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd/a', 'd/b', 'd/e/f'),
      content,
    ) as fc.Arbitrary<MemoryTree>;
    await fc.assert(
      fc.asyncProperty(tree, tree, async (before, after) => {
        const applied = await applyInMemory(await patchBetween(before, after), before);
        expect(printed(treeOf(applied, before))).toEqual(printed(after));
        checkTree(applied, after);
      }),
      { numRuns: 60 },
    );
  });

  it('read old files with the line ends that new ones have', async () => {
    const lines = Array.from({ length: 9000 }, (_, index) => `line ${(index * 7919) % 1013} of it\n`).join('');
    const before = { a: text(lines), b: text(lines.replaceAll('\n', '\r\n')), c: text(lines.slice(9)) };
    const after = {
      a: text(`#${lines.replaceAll('\n', '\r\n')}`),
      b: text(`#${lines}`),
      c: text(`${lines.slice(9, 70_000)}!${lines.slice(70_000)}`),
    };
    const bytes = await patchBetween(before, after);
    expect(bytes.length).toBeLessThan(700);
    const applied = await applyInMemory(bytes, before);
    expect(printed(treeOf(applied, before))).toEqual(printed(after));
    const shorter = { ...before, a: text(lines.replace('\n', ' ')) };
    const failed = await applyInMemory(bytes, before, { content: shorter });
    expect(failed.results.find((result) => result.file.path === 'a')).toMatchObject({
      failure: { code: 'source_mismatch', path: 'a' },
    });
  });

  it('carry operations over segments, batches and pages', async () => {
    const repeated = joined(...Array.from({ length: 230 }, () => a));
    const zeros = new Uint8Array(500_000);
    const before = { x: joined(a, b) };
    const after = { x: joined(repeated, b), z: joined(zeros, a) };
    const applied = await applyInMemory(await patchBetween(before, after), before);
    expect(applied.patch.segments).toHaveLength(2);
    for (const [path, bytes] of Object.entries(after)) {
      expect(Buffer.compare(applied.written.get(path) ?? new Uint8Array(0), bytes), path).toBe(0);
    }
  });
});

describe('describePatch()', () => {
  it('names what a patch changes, without the old release', async () => {
    const patch = await openPatch(sourceOf(await patchBetween(old, fresh)), decompressor);
    const description = describePatch(patch);
    expect(Object.fromEntries(description.files.map(({ path, kind }) => [path, kind]))).toEqual({
      'bin/game': 'changed',
      'data/b2.pak': 'moved',
      'data/twin1': 'new',
      'data/twin2': 'copied',
      link: 'link',
      link2: 'link',
      'new/empty': 'new',
      readme: 'moved',
    });
    expect(description).toMatchObject({
      ...{ oldFileCount: 7, newFileCount: 10, removedCount: 2, keptCount: 2 },
      ...{ writtenBytes: 505_000 + 289_900, sourceBytes: 500_000 },
    });
  });
});

describe('resolveTrees()', () => {
  it.each<[string, (tree: Record<string, MemoryTree[string]>) => unknown]>([
    ['one file more', (tree) => (tree['save.dat'] = text('mine'))],
    ['one file less', (tree) => delete tree['readme']],
    ['another length', (tree) => (tree['readme'] = text('second'))],
    ['another link', (tree) => (tree['link'] = { link: 'readme' })],
  ])('refuses an old release with %s', async (_, change) => {
    const other = { ...old };
    change(other);
    const bytes = await patchBetween(old, fresh);
    await expect(applyInMemory(bytes, other)).rejects.toMatchObject({ name: 'DeltaError', code: 'wrong_old_tree' });
  });
});

describe('checkNewTree()', () => {
  it('finds a kept file that is not the released one', async () => {
    const applied = await applyInMemory(await patchBetween(old, fresh), old);
    expect(() => {
      checkTree(applied, { ...fresh, 'data/a.pak': b });
    }).toThrow(expect.objectContaining({ code: 'wrong_new_tree' }));
  });
});
