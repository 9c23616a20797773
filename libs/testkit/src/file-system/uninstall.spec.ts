import { FileIndex, readManifest, readState, recover, uninstall, type Uninstalled } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem, PowerCut } from './memory-file-system.ts';
import { MemoryHasher } from './memory-hasher.ts';
import { describeTree, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);
const random = seededRandom(SEED);
const file = (path: string, lengthBytes: number): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable: false,
});

const config = file('config.ini', 300);
const release = releaseInMemory(
  [
    file('data/world.pak', 40_000),
    file('data/ui/menu.txt', 500),
    file('mods/readme.txt', 60),
    config,
    file('empty', 0),
    { path: 'play', content: new Uint8Array(), executable: false, symlink: 'data/world.pak' },
  ],
  '1.0.0',
);
const next = releaseInMemory([file('data/world.pak', 41_000), config], '1.1.0');
const mine = [file('mods/mine.zip', 700), file('saves/slot1.sav', 80)];
const changedConfig = file('config.ini', 310);

async function playedInstall(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem();
  await moveInstall(files, release);
  await putFiles(files, [...mine, changedConfig]);
  return files.clone();
}

async function uninstallFrom(files: MemoryFileSystem): Promise<Uninstalled | undefined> {
  await recover(files);
  const state = await readState(files);
  if (state === undefined) return undefined;
  const manifest = state.installed && (await readManifest(files, state.installed));
  const index = await FileIndex.load(files);
  return uninstall({ files, hasher: new MemoryHasher(files), index, state, manifest });
}

const treeOf = async (build: readonly BuildFile[]): Promise<string[]> => {
  const files = new MemoryFileSystem();
  await putFiles(files, build);
  return describeTree(files);
};
const left = await treeOf([...mine, changedConfig]);

describe('uninstall()', () => {
  it("removes what was installed, and leaves the player's files and changes", async () => {
    const files = await playedInstall();
    expect(await uninstallFrom(files)).toEqual({
      removedFiles: 5,
      removedBytes: release.manifest.bytes - config.content.length,
      changed: ['config.ini'],
      extra: ['mods/mine.zip', 'saves/slot1.sav'],
      kept: [],
    });
    expect(await describeTree(files)).toEqual(left);
    expect(await files.list('.swarmpatch')).toEqual([]);
  });

  it('leaves files that an update moved aside, and says where they are', async () => {
    const files = await playedInstall();
    await moveInstall(files, next);
    await moveInstall(files, release);
    const kept = ['.swarmpatch/kept/1.1.0/config.ini'];
    expect(await uninstallFrom(files)).toMatchObject({ changed: [], kept });
    expect(await describeTree(files)).toEqual(await treeOf(mine));
    expect(Buffer.from(await files.read(kept[0] ?? '')).equals(changedConfig.content)).toBe(true);
    expect(await files.list('.swarmpatch')).toEqual([{ name: 'kept', kind: 'directory' }]);
  });

  it('removes what the disk spoilt under an unchanged time', async () => {
    const files = await playedInstall();
    const stat = await files.stat('data/world.pak');
    const index = await FileIndex.load(files);
    if (stat !== undefined) index.record('data/world.pak', stat, '0'.repeat(64));
    await index.save(files);
    expect(await uninstallFrom(files)).toMatchObject({ changed: ['config.ini'] });
  });

  it('refuses to reach through a link that took the place of a directory', async () => {
    const files = await playedInstall();
    await files.rename('data', 'elsewhere');
    await files.symlink('elsewhere', 'data');
    await expect(uninstallFrom(files)).rejects.toMatchObject({ code: 'parent_is_link', path: 'data' });
    expect(await files.stat('elsewhere/world.pak')).toMatchObject({ lengthBytes: 40_000 });
  });

  it.each([
    ['a file', 'data/world.pak', 'EPERM'],
    ['a directory', 'data/ui', 'EACCES'],
    ["one of the launcher's own", '.swarmpatch/releases/1.0.0/manifest.json', 'EACCES'],
    ['one of its directories', '.swarmpatch/releases', 'EPERM'],
  ])('removes nothing when %s may not be removed, and says which', async (_, path, errno) => {
    const base = await playedInstall();
    const before = await describeTree(base);
    const files = base.clone({ refused: new Map([[path, errno]]) });
    await expect(uninstallFrom(files)).rejects.toMatchObject({ code: 'file_refused', path });
    expect(await describeTree(files)).toEqual(before);
    expect(await readState(files)).toMatchObject({ installed: { version: '1.0.0' }, suspect: false });
    const freed = files.clone({ refused: new Map() });
    await uninstallFrom(freed);
    expect(await describeTree(freed)).toEqual(left);
  });

  it('does not mind what stays anyway', async () => {
    const base = await playedInstall();
    const stays = ['mods', 'mods/mine.zip', 'saves', 'config.ini'];
    const files = base.clone({ refused: new Map(stays.map((path) => [path, 'EACCES'])) });
    await uninstallFrom(files);
    expect(await describeTree(files)).toEqual(left);
  });

  it(`is finished by the next run after a cut at any step, and mended by an update, seed ${SEED}`, async () => {
    const base = await playedInstall();
    const whole = base.clone();
    await uninstallFrom(whole);
    const luck = seededRandom(SEED);
    for (let step = 0; step < whole.steps; step += 1) {
      const files = base.clone({ cutAtStep: step });
      await expect(uninstallFrom(files)).rejects.toThrow(PowerCut);
      const disk = luck() < 0.5 ? files.clone() : files.afterPowerCut(luck);
      const mended = disk.clone();
      await uninstallFrom(disk);
      expect({ step, tree: await describeTree(disk) }).toEqual({ step, tree: left });
      await moveInstall(mended, release);
      expect({ step, tree: await describeTree(mended) }).toEqual({
        step,
        tree: await treeOf([...release.build, ...mine]),
      });
    }
  });
});
