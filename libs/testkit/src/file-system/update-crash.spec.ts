import { recover } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { describeTree, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';
import { cutEverywhere, leftoversOf } from './power-cuts.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);

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

const BLOCK_BYTES = 4096;
/** Hundreds of updates; a machine that does much else needs its time. */
const TIMEOUT_MS = 180_000;

describe('an update in which the power goes off', { timeout: TIMEOUT_MS }, () => {
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
    const luck = seededRandom(SEED);
    const versions = new Set<string | undefined>();
    const move = (files: MemoryFileSystem): Promise<unknown> => moveInstall(files, newRelease);
    for await (const survivor of cutEverywhere(base, move, { random: luck })) {
      const { step, after, files, tree, version, suspect } = survivor;
      const isNew = version === '1.1.0';
      if (isNew) expect({ step, after, left: leftoversOf(survivor, ['kept']) }).toEqual({ step, after, left: [] });
      expect({ step, after, suspect, tree }).toEqual({ step, after, suspect: false, tree: isNew ? newTree : oldTree });
      versions.add(version);
      if (isNew) await expectKept(files);
      await moveInstall(files, newRelease);
      expect(await describeTree(files)).toEqual(newTree);
    }
    expect(versions).toEqual(new Set(['1.0.0', '1.1.0']));
  });

  it('is nothing or the release, whole, when it was the first install', async () => {
    const releaseTree = await treeOf(oldRelease.build);
    const install = (files: MemoryFileSystem): Promise<unknown> => moveInstall(files, oldRelease);
    const cuts = { random: seededRandom(SEED), ways: ['power_cut'] as const };
    for await (const { step, tree, version } of cutEverywhere(new MemoryFileSystem(), install, cuts)) {
      expect({ step, tree }).toEqual({ step, tree: version === undefined ? [] : releaseTree });
    }
  });
});

describe('an update on a disk that runs full', { timeout: TIMEOUT_MS }, () => {
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

  it('is refused, or done to its end, when others fill the disk while it is fetched', async () => {
    const before = releaseInMemory([world, config, note], '1.0.0');
    // Nothing is replaced whose room could be used.
    const added = [file('one.pak', 900), file('two.pak', 800)];
    const after = releaseInMemory([...before.build, ...added], '1.1.0');
    const base = new MemoryFileSystem();
    await moveInstall(base, before);
    const capacityBytes = Number.MAX_SAFE_INTEGER - (await base.freeBytes()) + 2_000_000;
    const codes = new Set<unknown>();
    for (let spareBytes = 0; spareBytes < 60_000; spareBytes += BLOCK_BYTES) {
      const files = base.clone({ capacityBytes });
      const fill = async (count: number): Promise<void> => {
        if (count < added.length) return;
        const blocks = Math.floor(((await files.freeBytes()) - spareBytes) / BLOCK_BYTES);
        await files.write('filler', new Uint8Array(Math.max(0, blocks) * BLOCK_BYTES).fill(1));
      };
      const error = await moveInstall(files, after, { onPiece: fill }).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      codes.add((error as { code?: unknown } | undefined)?.code);
      const tree = (await describeTree(files)).filter((line) => !line.startsWith('filler '));
      const wanted = await treeOf(error === undefined ? after.build : before.build);
      expect({ spareBytes, tree }).toEqual({ spareBytes, tree: wanted });
      expect(await files.stat('.swarmpatch/journal')).toBeUndefined();
    }
    expect(codes).toEqual(new Set(['disk_full', undefined]));
  });

  it('rewrites a file for which there is no second place, and says before how much room is missing', async () => {
    const base = new MemoryFileSystem();
    const large = file('data/large.pak', 400_000);
    await moveInstall(base, releaseInMemory([large, note], '1.0.0'));
    const target = releaseInMemory([edited(edited(large, 5), 300_000), note], '1.1.0');
    const usedBytes = Number.MAX_SAFE_INTEGER - (await base.freeBytes());
    const outcomes: { spareBytes: number; rewritten: number | undefined; missingBytes: number | undefined }[] = [];
    for (let spareBytes = 0; spareBytes < 800_000; spareBytes += 20_000) {
      const files = base.clone({ capacityBytes: usedBytes + spareBytes });
      const before = await describeTree(files);
      const [result, error] = await moveInstall(files, target).then(
        (moved) => [moved, undefined] as const,
        (failure: unknown) => [undefined, failure as { code?: unknown; missingBytes?: number }] as const,
      );
      const recovered = files.clone();
      await recover(recovered);
      expect(await describeTree(recovered)).toEqual(error === undefined ? await treeOf(target.build) : before);
      if (error !== undefined) expect(error.code).toBe('disk_full');
      outcomes.push({ spareBytes, rewritten: result?.rewritten.length, missingBytes: error?.missingBytes });
    }
    const firstOf = (isWanted: (outcome: (typeof outcomes)[number]) => boolean): number =>
      outcomes.find(isWanted)?.spareBytes ?? Infinity;
    const rewrittenFrom = firstOf(({ rewritten }) => rewritten === 1);
    expect(rewrittenFrom).toBeLessThan(large.content.length);
    expect(firstOf(({ rewritten }) => rewritten === 0)).toBeGreaterThan(large.content.length);
    // A disk on which not even the state can be written has no plan.
    const refused = outcomes.flatMap(({ spareBytes, missingBytes }) =>
      missingBytes === undefined ? [] : [spareBytes + missingBytes],
    );
    expect(refused.length).toBeGreaterThan(5);
    for (const enoughBytes of refused) {
      expect(enoughBytes).toBeGreaterThan(rewrittenFrom - 20_000);
      expect(enoughBytes).toBeLessThanOrEqual(rewrittenFrom);
    }
  });
});
