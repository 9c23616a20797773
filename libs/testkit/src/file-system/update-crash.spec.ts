import { readState, recover, type InstallState } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, randomInteger, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem, PowerCut } from './memory-file-system.ts';
import { describeTree, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);
const STATE_STEP = 1;

const random = seededRandom(SEED);
const file = (path: string, lengthBytes: number, executable = false): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable,
});
const link = (path: string, symlink: string): BuildFile => ({
  path,
  content: new Uint8Array(),
  executable: false,
  symlink,
});
const edited = (from: BuildFile, at: number): BuildFile => {
  const content = from.content.slice();
  content.set(randomBytes(random, 40), at);
  return { ...from, content };
};
const named = (from: BuildFile, path: string): BuildFile => ({ ...from, path });

const engine = file('bin/engine', 50_000, true);
const world = file('data/world.pak', 70_000);
const menu = file('data/ui/menu.txt', 400);
const left = file('data/a.bin', 20_000);
const right = file('data/b.bin', 30_000);
const note = file('notes/readme.txt', 900);
const config = file('config.ini', 300);
const script = file('run.sh', 120);
const song = file('music/song.ogg', 18_000);

const oldRelease = releaseInMemory(
  [
    engine,
    world,
    menu,
    left,
    right,
    note,
    config,
    script,
    song,
    link('current', 'data'),
    link('play', 'bin/engine'),
    file('empty', 0),
  ],
  '1.0.0',
);
const newRelease = releaseInMemory(
  [
    engine,
    edited(world, 40_000),
    named(menu, 'data/ui/main/menu.txt'),
    named(right, 'data/a.bin'),
    named(left, 'data/b.bin'),
    file('notes', 50),
    edited(config, 20),
    { ...script, executable: true },
    named(song, 'music/one.ogg'),
    named(song, 'music/two.ogg'),
    file('current/index.txt', 80),
    file('levels/new.pak', 17_000),
    link('play', 'run.sh'),
    file('levels/empty', 0),
  ],
  '1.1.0',
);

const save = file('saves/slot1.sav', 500);
const mod = file('levels/new.pak', 40);
const ownConfig = file('config.ini', 333);

async function installOld(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem();
  await moveInstall(files, oldRelease);
  await putFiles(files, [save, mod, ownConfig]);
  return files.clone();
}

async function treeOf(build: readonly BuildFile[]): Promise<string[]> {
  const files = new MemoryFileSystem();
  await putFiles(files, build);
  return describeTree(files);
}

const oldTree = await treeOf([...oldRelease.build.filter(({ path }) => path !== 'config.ini'), save, mod, ownConfig]);
const newTree = await treeOf([...newRelease.build, save]);

async function expectKept(files: MemoryFileSystem): Promise<void> {
  expect(Buffer.from(await files.read('.swarmpatch/kept/1.1.0/levels/new.pak')).equals(mod.content)).toBe(true);
  expect(Buffer.from(await files.read('.swarmpatch/kept/1.1.0/config.ini')).equals(ownConfig.content)).toBe(true);
}

/** Recovery with the power going off in it again and again. */
async function recoverWithCuts(files: MemoryFileSystem, luck: () => number): Promise<MemoryFileSystem> {
  let disk = files;
  for (let cuts = 0; cuts < 3; cuts += 1) {
    const attempt = disk.clone({ cutAtStep: randomInteger(luck, 0, 60) });
    try {
      await recover(attempt);
      return attempt.clone();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      disk = luck() < 0.5 ? attempt.clone() : attempt.afterPowerCut(luck);
    }
  }
  await recover(disk);
  return disk;
}

async function stateOf(files: MemoryFileSystem): Promise<InstallState> {
  const state = await readState(files);
  if (state === undefined) throw new Error('the install has lost its state');
  return state;
}

describe('an update in which the power goes off', () => {
  it("ends as the new release, with the player's files kept", async () => {
    const files = await installOld();
    expect(await describeTree(files)).toEqual(oldTree);
    const result = await moveInstall(files, newRelease);
    expect(await describeTree(files)).toEqual(newTree);
    expect(result.kept.map(({ path }) => path)).toEqual(['config.ini', 'levels/new.pak']);
    await expectKept(files);
    expect(result.plan.chosen.kind).toBe('pieces');
    expect(result.copiedBytes).toBeGreaterThan(0);
    expect(result.fetchedBytes).toBe(result.plan.chosen.downloadBytes);
  });

  it(`is the old release or the new one, whole, after a cut at any step, seed ${SEED}`, async () => {
    const base = await installOld();
    const whole = base.clone();
    await moveInstall(whole, newRelease);
    const luck = seededRandom(SEED);
    const outcomes = { old: 0, new: 0 };
    for (let step = 0; step < whole.steps; step += STATE_STEP) {
      for (const after of ['kill', 'power cut'] as const) {
        const files = base.clone({ cutAtStep: step });
        await expect(moveInstall(files, newRelease)).rejects.toThrow(PowerCut);
        const disk = after === 'kill' ? files.clone() : files.afterPowerCut(luck);
        const recovered = await recoverWithCuts(disk, luck);
        const tree = await describeTree(recovered);
        const state = await stateOf(recovered);
        const isNew = state.installed?.version === '1.1.0';
        expect({ step, after, suspect: state.suspect, tree }).toEqual({
          step,
          after,
          suspect: false,
          tree: isNew ? newTree : oldTree,
        });
        outcomes[isNew ? 'new' : 'old'] += 1;
        if (isNew) await expectKept(recovered);
        await moveInstall(recovered, newRelease);
        expect(await describeTree(recovered)).toEqual(newTree);
      }
    }
    expect(outcomes.old).toBeGreaterThan(0);
    expect(outcomes.new).toBeGreaterThan(0);
  });

  it('is nothing or the release, whole, when it was the first install', async () => {
    const whole = new MemoryFileSystem();
    await moveInstall(whole, oldRelease);
    const releaseTree = await treeOf(oldRelease.build);
    const luck = seededRandom(SEED);
    for (let step = 0; step < whole.steps; step += STATE_STEP) {
      const files = new MemoryFileSystem({ cutAtStep: step });
      await expect(moveInstall(files, oldRelease)).rejects.toThrow(PowerCut);
      const recovered = await recoverWithCuts(files.afterPowerCut(luck), luck);
      const isInstalled = (await readState(recovered))?.installed !== undefined;
      expect({ step, tree: await describeTree(recovered) }).toEqual({ step, tree: isInstalled ? releaseTree : [] });
    }
  });
});

describe('an update on a disk that runs full', () => {
  it('is refused before anything changes, or at any later byte, and leaves the old release', async () => {
    const base = await installOld();
    const usedBytes = Number.MAX_SAFE_INTEGER - (await base.freeBytes());
    const codes = new Set<unknown>();
    for (let spareBytes = 0; spareBytes < 700_000; spareBytes += 24_576) {
      const files = base.clone({ capacityBytes: usedBytes + spareBytes });
      const error = await moveInstall(files, newRelease).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      codes.add((error as { code?: unknown } | undefined)?.code);
      const recovered = files.clone();
      await recover(recovered);
      expect(await describeTree(recovered)).toEqual(error === undefined ? newTree : oldTree);
    }
    expect(codes).toEqual(new Set(['disk_full', undefined]));
  });
});
