import { beforeAll, describe, expect, it } from 'vitest';

import { createPatch } from '../create/create-patch.ts';
import { openPatch, type Patch } from '../format/open-patch.ts';
import type { Compressor } from '../ports.ts';
import type { PatchFile } from '../tree.ts';
import {
  compressor,
  decompressor,
  filesOf,
  joined,
  noise,
  sourceOf,
  type MemoryTree,
} from '../testing/memory-patch.contract.ts';
import { verifyPatch } from './verify-patch.ts';

const a = noise(200_000, 1);
const old: MemoryTree = { a, gone: noise(20, 3), kept: noise(10, 4), link: { link: 'a' } };
const fresh: MemoryTree = {
  a: joined(a.subarray(0, 90_000), noise(500, 5), a.subarray(90_000)),
  empty: new Uint8Array(0),
  kept: noise(10, 4),
  moved: noise(20, 3),
  next: joined(noise(50_000, 6), noise(50_000, 6)),
  tool: { run: noise(30, 7) },
  toolToo: noise(30, 7),
  link: { link: 'kept' },
};

async function make(from: readonly PatchFile[], to: readonly PatchFile[], port = compressor): Promise<Patch> {
  const parts: Uint8Array[] = [];
  await createPatch({
    ...{ old: from, new: to, effort: 3, memoryBytesMax: 64 * 1024 * 1024, compressor: port },
    write: async (bytes) => {
      parts.push(bytes.slice());
    },
  });
  return openPatch(sourceOf(joined(...parts)), decompressor);
}

const verify = (patch: Patch, from: MemoryTree, to: MemoryTree): Promise<void> =>
  verifyPatch(patch, { old: filesOf(from), new: filesOf(to) });

describe('verifyPatch()', () => {
  let patch: Patch;
  beforeAll(async () => {
    patch = await make(filesOf(old), filesOf(fresh));
  });

  it('finds nothing in a patch that makes the release, and tells how far it is', async () => {
    let done = 0;
    await verifyPatch(patch, {
      ...{ old: filesOf(old), new: filesOf(fresh) },
      onProgress: ({ doneBytes }) => {
        done = doneBytes;
      },
    });
    expect(done).toBe(patch.writtenBytes);
  });

  it('finds nothing in a patch that reads an old file with other line ends', async () => {
    const text = Array.from({ length: 3000 }, (_, index) => `line ${(index * 7919) % 10007}\n`).join('');
    const [from, to] = [{ text: Buffer.from(text) }, { text: Buffer.from(text.replaceAll('\n', '\r\n')) }];
    const made = await make(filesOf(from), filesOf(to));
    expect(made.listing.views).toHaveLength(1);
    await expect(verify(made, from, to)).resolves.toBeUndefined();
  });

  it('refuses a patch that was put together wrongly, though its own checks hold', async () => {
    const wrong: Compressor = {
      compress: (bytes, effort) =>
        compressor.compress(bytes.length > 1000 ? bytes.map((byte) => byte ^ 1) : bytes, effort),
    };
    await expect(verify(await make(filesOf(old), filesOf(fresh), wrong), old, fresh)).rejects.toMatchObject({
      ...{ code: 'files_failed', path: 'a' },
      message: expect.stringContaining('do not come out as they were released') as string,
    });
  });

  it('names an old file that is not as it was released, also when the patch was made of it', async () => {
    const spoilt = filesOf({ ...old, a: a.map((byte, index) => (index === 5000 ? byte ^ 1 : byte)) });
    const files = filesOf(old).map((file, index) => ({ ...file, source: spoilt[index]?.source ?? file.source }));
    for (const made of [patch, await make(files, filesOf(fresh))])
      await expect(verifyPatch(made, { old: files, new: filesOf(fresh) })).rejects.toMatchObject({
        ...{ code: 'wrong_old_tree', path: 'a' },
        message: expect.stringContaining('is not as it was released') as string,
      });
  });

  it.each<[string, MemoryTree]>([
    ['a kept file', { ...fresh, kept: noise(10, 9) }],
    ['a moved file', { ...fresh, moved: noise(20, 9) }],
    ['a copied file', { ...fresh, toolToo: noise(30, 9) }],
    ['an executable bit', { ...fresh, tool: noise(30, 7) }],
    ['a link', { ...fresh, link: { link: 'next' } }],
    ['one file more', { ...fresh, zzz: noise(3, 1) }],
    ['one file less', Object.fromEntries(Object.entries(fresh).filter(([path]) => path !== 'empty'))],
  ])('refuses a release that differs in %s', async (_, other) => {
    await expect(verify(patch, old, other)).rejects.toMatchObject({ name: 'DeltaError', code: 'wrong_new_tree' });
  });

  it('stops when it is told to', async () => {
    const reason = new Error('enough');
    const stopping = verifyPatch(patch, {
      ...{ old: filesOf(old), new: filesOf(fresh) },
      signal: AbortSignal.abort(reason),
    });
    await expect(stopping).rejects.toBe(reason);
  });
});
