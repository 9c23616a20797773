import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { createPatch } from './create/create-patch.ts';
import { checkNewTree } from './new-tree.ts';
import { applyInMemory, filesOf, printed, rootOf, treeOf, type MemoryTree } from './testing/memory-patch.contract.ts';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const map = 'the river bends east past the old mill and the bridge of stones\n';
const old: MemoryTree = { 'data/map.txt': text(map), logo: text('#'), readme: text('v1\n') };
const fresh: MemoryTree = { 'art/logo': text('#'), 'data/map.txt': text(`Map: ${map}`), readme: text('v1\n') };

/** The bytes at the beginning of each line of the page's example: pairs of digits, one space between. */
async function exampleBytes(): Promise<Uint8Array> {
  const page = await readFile(new URL('../../../docs/formats/patch.md', import.meta.url), 'utf8');
  const [, block = ''] = /```hex\n(.*?)```/s.exec(page) ?? [];
  const digits = block.split('\n').map((line) => /^(?:[0-9a-f]{2}(?: |$))*/.exec(line)?.[0] ?? '');
  return new Uint8Array(Buffer.from(digits.join('').replaceAll(' ', ''), 'hex'));
}

describe('docs/formats/patch.md', () => {
  it('shows a patch that makes the new tree', async () => {
    const applied = await applyInMemory(await exampleBytes(), old);
    expect(printed(treeOf(applied, old))).toEqual(printed(fresh));
    checkNewTree(applied.patch, applied.trees.files, ({ path }) => rootOf(fresh[path] as Uint8Array));
  });

  it('shows what is written today', async () => {
    const parts: Uint8Array[] = [];
    await createPatch({
      ...{ old: filesOf(old), new: filesOf(fresh), effort: 9, memoryBytesMax: 64 * 1024 * 1024 },
      compressor: { compress: async (bytes) => ({ method: 'stored', bytes }) },
      write: async (bytes) => {
        parts.push(bytes.slice());
      },
    });
    expect(Buffer.concat(parts).toString('hex')).toBe(Buffer.from(await exampleBytes()).toString('hex'));
  });
});
