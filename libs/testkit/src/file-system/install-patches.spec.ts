import {
  FileIndex,
  KEPT_PATCH_DAYS_MAX,
  KEPT_PATCHES_BYTES_MAX,
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
import type { ManifestFile } from '@swarmpatch/release';
import { beforeEach, describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { MemoryHasher } from './memory-hasher.ts';
import { moveInstall } from './memory-install.ts';
import { releaseInMemory, type MemoryRelease } from './memory-release.ts';

type SignedFile = ManifestFile & { piecesRoot: string };

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
    });

  const fileAt = ({ manifest }: MemoryRelease, path: string): SignedFile => {
    const found = manifest.files.find((each) => each.path === path);
    return { ...found, path, length: found?.length ?? 0, piecesRoot: found?.piecesRoot ?? '' };
  };
  const foundBy = (contents: PatchContents): string | undefined =>
    contents.to(last.manifest).find(fileAt(first, 'data/world.pak'));

  it('is read where it lies, also when the player moved it, and not when it was changed', async () => {
    expect(foundBy(await PatchContents.open(files, inventory))).toBe('data/world.pak');
    await files.rename('data/world.pak', 'new.txt');
    expect(foundBy(await PatchContents.open(files, await lookAt(last)))).toBe('new.txt');
    await files.writeAt('new.txt', 0, Buffer.from('changed'));
    expect(foundBy(await PatchContents.open(files, await lookAt(last)))).toBeUndefined();
  });

  it('goes to the next patch of a chain once it is made, and is gone when the chain ends', async () => {
    const contents = await PatchContents.open(files, inventory);
    const patch = contents.to(between.manifest);
    const made = fileAt(between, 'data/world.pak');
    const path = patch.place(made);
    expect(path).toMatch(/^\.swarmpatch\/staging\/links\/[0-9a-f]{64}$/);
    await files.write(path, contentOf(between, 'data/world.pak'));
    const next = contents.to(last.manifest);
    expect(next.find(made)).toBeUndefined();
    patch.made('data/world.pak');
    expect(next.find(made)).toBe(path);
    expect(next.find(fileAt(between, 'script.js'))).toBe('script.js');
    await contents.close();
    expect(await files.stat('.swarmpatch/staging/links')).toBeUndefined();
  });

  it('is staged as far as it is right, and the rest is fetched', async () => {
    const patch = (await PatchContents.open(files, inventory)).to(last.manifest);
    const right = contentOf(last, 'data/world.pak').slice();
    right[2 * PIECE + 7] = 1 + (right[2 * PIECE + 7] ?? 0);
    await files.write(patch.place(fileAt(last, 'data/world.pak')), right);
    await files.write(patch.place(fileAt(last, 'new.txt')), contentOf(last, 'new.txt'));
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

  it('are the newest of what has room', async () => {
    const statAll = files.statAll.bind(files);
    files.statAll = async (paths) =>
      (await statAll(paths)).map((stat) => stat && { ...stat, allocatedBytes: KEPT_PATCHES_BYTES_MAX / 2 });
    await prunePatches(files, nowMs);
    expect(await kept()).toEqual([nameOf(2), nameOf(1)]);
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
