import {
  HISTORY_ENTRIES_MAX,
  listUndo,
  pruneUndo,
  readHistory,
  readState,
  recover,
  UNDO_DAYS_MAX,
  yieldUndo,
} from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem, PowerCut } from './memory-file-system.ts';
import { describeTree, FIRST_MOVE_MS, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);
const DAY_MS = 24 * 60 * 60 * 1000;
const random = seededRandom(SEED);
const file = (path: string, lengthBytes: number): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable: false,
});

const world = file('data/world.pak', 40_000);
const song = file('music/song.ogg', 18_000);
const older = releaseInMemory([world, song, file('gone.txt', 90), file('also.txt', 20)], '1.0.0');
const newer = releaseInMemory([file('data/world.pak', 41_000), { ...song, path: 'song.ogg' }], '1.1.0');
const undoneBytes = 40_000 + 90 + 20;

async function updated(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem();
  await moveInstall(files, older);
  await moveInstall(files, newer);
  return files.clone();
}

/** As on a memory stick. */
class DiskWithoutLinks extends MemoryFileSystem {
  override link(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

const treeOf = async (build: readonly BuildFile[]): Promise<string[]> => {
  const files = new MemoryFileSystem();
  await putFiles(files, build);
  return describeTree(files);
};
const kept = async (files: MemoryFileSystem): Promise<number> => (await listUndo(files)).length;

describe('undo data', () => {
  it('is what the new release has nowhere, once, and takes the update no write', async () => {
    const files = await updated();
    const undo = await listUndo(files);
    expect(undo.map(({ atMs }) => atMs)).toEqual([FIRST_MOVE_MS + 1, FIRST_MOVE_MS + 1, FIRST_MOVE_MS + 1]);
    const lengths = await files.statAll(undo.map(({ path }) => path));
    expect(lengths.reduce((sum, stat) => sum + (stat?.lengthBytes ?? 0), 0)).toBe(undoneBytes);
  });

  it('takes an install back and forth without a fetch, and is gone where it is in place again', async () => {
    const files = await updated();
    const back = await moveInstall(files, older);
    expect({ fetched: back.fetchedBytes, ...back.plan.chosen }).toMatchObject({ fetched: 0, scratchBytes: 0 });
    expect(await describeTree(files)).toEqual(await treeOf(older.build));
    expect(await kept(files)).toBe(1);
    expect((await files.stat('data/world.pak'))?.linkCount).toBe(1);
    expect((await moveInstall(files, newer)).fetchedBytes).toBe(0);
    expect(await describeTree(files)).toEqual(await treeOf(newer.build));
  });

  it('is the pieces alone where a file was rewritten', async () => {
    const large = file('data/large.pak', 20 * 16_384 + 5);
    const changed = large.content.slice(0, 19 * 16_384);
    changed.set(randomBytes(random, 20), 3 * 16_384);
    const [before, after] = [large, { ...large, content: changed }].map((each, index) =>
      releaseInMemory([each], `1.${index}.0`),
    );
    if (before === undefined || after === undefined) throw new Error('no releases');
    const files = new MemoryFileSystem();
    await moveInstall(files, before);
    const there = await moveInstall(files, after, { space: 'least' });
    expect(there.rewritten).toEqual(['data/large.pak']);
    expect((await listUndo(files)).map(({ bytes }) => bytes)).toEqual([2 * 16_384 + 4096]);
    const back = await moveInstall(files, before, { space: 'least' });
    expect(back).toMatchObject({ rewritten: ['data/large.pak'], fetchedBytes: 0 });
    expect(await describeTree(files)).toEqual(await treeOf(before.build));
    expect(await moveInstall(files, after, { space: 'usual' })).toMatchObject({ rewritten: [], fetchedBytes: 0 });
    expect(await describeTree(files)).toEqual(await treeOf(after.build));
  });

  it('is hashed before it is used: the pieces that are spoilt are fetched', async () => {
    const files = await updated();
    for (const { path } of await listUndo(files)) await files.writeAt(path, 5, new Uint8Array([1, 2, 3]));
    expect((await moveInstall(files, older)).fetchedBytes).toBe(16_384 + 90 + 20);
    expect(await describeTree(files)).toEqual(await treeOf(older.build));
  });

  it('is moved there where the disk has no links', async () => {
    const files = new DiskWithoutLinks();
    await moveInstall(files, older);
    await moveInstall(files, newer);
    expect(await describeTree(files)).toEqual(await treeOf(newer.build));
    expect(await kept(files)).toBe(3);
    expect((await moveInstall(files, older)).fetchedBytes).toBe(0);
    expect(await describeTree(files)).toEqual(await treeOf(older.build));
  });

  it('is used by any later update, and never holds what a player wrote', async () => {
    const files = await updated();
    await files.write('song.ogg', Buffer.from('my own song'));
    await moveInstall(files, releaseInMemory([file('new.txt', 10)], '1.2.0'));
    const latest = await moveInstall(files, releaseInMemory([{ ...world, path: 'old-world.pak' }], '2.0.0'));
    expect(latest.fetchedBytes).toBe(0);
    for (const { path } of await listUndo(files)) expect((await files.stat(path))?.lengthBytes).not.toBe(11);
  });

  it('goes by age, and where a move needs the room that does not want it', async () => {
    const files = await updated();
    const keptMs = FIRST_MOVE_MS + 1;
    await pruneUndo(files, keptMs + UNDO_DAYS_MAX * DAY_MS - 1);
    expect(await kept(files)).toBe(3);
    await pruneUndo(files, keptMs - DAY_MS);
    expect(await kept(files)).toBe(3);
    await pruneUndo(files, keptMs + UNDO_DAYS_MAX * DAY_MS);
    expect(await kept(files)).toBe(0);
    expect(await files.stat('.swarmpatch/undo')).toBeUndefined();
    const other = await updated();
    expect(await yieldUndo(other, older.manifest)).toBe(0);
    expect(await kept(other)).toBe(3);
    expect(await yieldUndo(other, newer.manifest)).toBeGreaterThanOrEqual(undoneBytes);
    expect((await moveInstall(other, older)).fetchedBytes).toBe(undoneBytes);
  });

  it(`leaves the old release or the new one after a cut at any step of going back, seed ${SEED}`, async () => {
    const base = await updated();
    const whole = base.clone();
    await moveInstall(whole, older);
    const [oldTree, newTree] = [await treeOf(older.build), await treeOf(newer.build)];
    const luck = seededRandom(SEED);
    for (let step = 0; step < whole.steps; step += 1) {
      const files = base.clone({ cutAtStep: step });
      await expect(moveInstall(files, older)).rejects.toThrow(PowerCut);
      const disk = luck() < 0.5 ? files.clone() : files.afterPowerCut(luck);
      await recover(disk);
      const state = await readState(disk);
      const isBack = state?.installed?.version === '1.0.0';
      expect({ step, suspect: state?.suspect, tree: await describeTree(disk) }).toEqual({
        step,
        suspect: false,
        tree: isBack ? oldTree : newTree,
      });
      expect(await readHistory(disk)).toHaveLength(isBack ? 3 : 2);
      expect((await moveInstall(disk, older)).fetchedBytes).toBe(0);
      expect(await describeTree(disk)).toEqual(oldTree);
    }
  });
});

describe('the history', () => {
  it('tells every move, newest first, and forgets the oldest', async () => {
    const files = await updated();
    expect(await readHistory(files)).toMatchObject([{ to: '1.1.0' }, { to: '1.0.0', bytes: { fromPeers: 58_110 } }]);
    for (let move = 0; move < HISTORY_ENTRIES_MAX; move += 1) await moveInstall(files, move % 2 === 0 ? older : newer);
    const history = await readHistory(files);
    expect(history).toHaveLength(HISTORY_ENTRIES_MAX);
    expect(history.every(({ atMs }, index) => index === 0 || atMs < (history[index - 1]?.atMs ?? 0))).toBe(true);
  });

  it('is empty when it is damaged, and begins again', async () => {
    const files = await updated();
    await files.writeAt('.swarmpatch/history', 90, Buffer.from('x'));
    expect(await readHistory(files)).toEqual([]);
    await moveInstall(files, older);
    expect(await readHistory(files)).toMatchObject([{ to: '1.0.0' }]);
  });
});
