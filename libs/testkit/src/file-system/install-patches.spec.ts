import {
  FileIndex,
  KEPT_PATCH_DAYS_MAX,
  KEPT_PATCHES_MAX,
  keepPatches,
  listPatches,
  PatchContents,
  patchContentPath,
  PATCHES_DIRECTORY,
  prunePatches,
  refusePatch,
  reviewStaged,
  savePatchTorrent,
  Staging,
  takeInventory,
  type Inventory,
} from '@swarmpatch/install';
import { beforeEach, describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { MemoryHasher } from './memory-hasher.ts';
import { moveInstall } from './memory-install.ts';
import { releaseInMemory, type MemoryRelease } from './memory-release.ts';

const PIECE = 16_384;
const DAY_MS = 24 * 60 * 60 * 1000;
const random = seededRandom(11);
const file = (path: string, lengthBytes: number): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable: false,
});

const world = file('data/world.pak', 3 * PIECE);
const script = file('script.js', 200);
const first = releaseInMemory([world, script], '1.0.0');
const between = releaseInMemory([file('data/world.pak', 3 * PIECE + 1), script], '1.1.0');
const last = releaseInMemory([file('data/world.pak', 4 * PIECE), script, file('new.txt', 20)], '1.2.0');
const contentOf = ({ build }: MemoryRelease, path: string): Uint8Array =>
  build.find((each) => each.path === path)?.content ?? new Uint8Array();

describe('what patches read and make', () => {
  let files: MemoryFileSystem;
  let hasher: MemoryHasher;
  let inventory: Inventory;

  beforeEach(async () => {
    files = new MemoryFileSystem();
    await moveInstall(files, first);
    hasher = new MemoryHasher(files);
    inventory = await lookAt(last);
  });

  const lookAt = async (target: MemoryRelease): Promise<Inventory> =>
    takeInventory({
      files,
      hasher,
      index: await FileIndex.load(files),
      installed: first.manifest,
      target: target.pieces,
      depth: 'quick',
      changedFiles: 'keep',
    });

  it('is read where it lies, also when the player moved it, and not when it was changed', async () => {
    const contents = await PatchContents.open(files, inventory);
    expect(contents.between(first.manifest, last.manifest).find('data/world.pak')).toBe('data/world.pak');

    await files.rename('data/world.pak', 'new.txt');
    const moved = await PatchContents.open(files, await lookAt(last));
    expect(moved.between(first.manifest, last.manifest).find('data/world.pak')).toBe('new.txt');

    await files.writeAt('new.txt', 0, Buffer.from('changed'));
    const changed = await PatchContents.open(files, await lookAt(last));
    expect(changed.between(first.manifest, last.manifest).find('data/world.pak')).toBeUndefined();
  });

  it('is made for nothing but files of the release, at the length that was signed', async () => {
    const patch = (await PatchContents.open(files, inventory)).between(first.manifest, last.manifest);
    expect(await patch.make('../outside', 20)).toBeUndefined();
    expect(await patch.make('data/world.pak', 4 * PIECE + 1)).toBeUndefined();
    const path = await patch.make('new.txt', 20);
    expect(path).toMatch(/^\.swarmpatch\/staging\/content\/[0-9a-f]{64}$/);
    expect((await files.stat(path ?? ''))?.lengthBytes).toBe(20);
  });

  it('goes to the next patch of a chain, and is gone when the chain ends', async () => {
    const contents = await PatchContents.open(files, inventory);
    const path = await contents.between(first.manifest, between.manifest).make('data/world.pak', 3 * PIECE + 1);
    expect(path).toMatch(/^\.swarmpatch\/staging\/links\/[0-9a-f]{64}$/);
    const next = contents.between(between.manifest, last.manifest);
    expect(next.find('data/world.pak')).toBe(path);
    expect(next.find('script.js')).toBe('script.js');
    await contents.close();
    expect(await files.stat('.swarmpatch/staging/links')).toBeUndefined();
  });

  it('is staged as far as it is right, and the rest is fetched', async () => {
    const patch = (await PatchContents.open(files, inventory)).between(first.manifest, last.manifest);
    const made = (await patch.make('data/world.pak', 4 * PIECE)) ?? '';
    const right = contentOf(last, 'data/world.pak').slice();
    right[2 * PIECE + 7] = 1 + (right[2 * PIECE + 7] ?? 0);
    await files.writeAt(made, 0, right);
    await files.writeAt((await patch.make('new.txt', 20)) ?? '', 0, contentOf(last, 'new.txt'));
    await reviewStaged(inventory, { files, hasher });
    const staging = await Staging.open(files, inventory);
    const firstPiece = last.pieces.firstPieceOf(
      last.manifest.files.findIndex(({ path: each }) => each === 'data/world.pak'),
    );
    expect(staging.wanted.size).toBe(1);
    expect(staging.wanted.has(firstPiece + 2)).toBe(true);
  });
});

describe('kept patches', () => {
  let files: MemoryFileSystem;
  let nowMs: number;

  beforeEach(async () => {
    files = new MemoryFileSystem();
    for (let patch = 0; patch < 3; patch += 1) nowMs = await keep(nameOf(patch));
  });

  const nameOf = (patch: number): string => patch.toString(16).padStart(64, '0');
  const kept = async (): Promise<string[]> => (await listPatches(files)).map(({ infohash }) => infohash);
  async function keep(infohash: string): Promise<number> {
    await savePatchTorrent(files, infohash, Buffer.from('torrent'));
    await files.write(patchContentPath(infohash), Buffer.from('patch'));
    return (await files.stat(patchContentPath(infohash)))?.mtimeMs ?? 0;
  }

  it('are listed newest first', async () => {
    expect(await kept()).toEqual([nameOf(2), nameOf(1), nameOf(0)]);
  });

  it('go when they are old', async () => {
    const lastDayMs = nowMs + KEPT_PATCH_DAYS_MAX * DAY_MS;
    await prunePatches(files, lastDayMs - 1);
    expect(await kept()).toEqual([nameOf(2)]);
    await prunePatches(files, lastDayMs);
    expect(await files.stat(PATCHES_DIRECTORY)).toBeUndefined();
  });

  it('are the newest of too many', async () => {
    for (let patch = 3; patch < KEPT_PATCHES_MAX + 2; patch += 1) nowMs = await keep(nameOf(patch));
    await prunePatches(files, nowMs);
    expect(await kept()).toHaveLength(KEPT_PATCHES_MAX);
    expect(await kept()).not.toContain(nameOf(1));
    const names = (await files.list(PATCHES_DIRECTORY)).map(({ name }) => name);
    expect(names).toHaveLength(2 * KEPT_PATCHES_MAX);
  });

  it('leave nothing behind but that they were refused', async () => {
    await refusePatch(files, nameOf(1));
    await prunePatches(files, nowMs);
    const names = (await files.list(PATCHES_DIRECTORY)).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith(nameOf(1)))).toEqual([`${nameOf(1)}.refused`]);
    await keepPatches(files, new Set([nameOf(0)]));
    expect(await kept()).toEqual([nameOf(0)]);
  });
});
