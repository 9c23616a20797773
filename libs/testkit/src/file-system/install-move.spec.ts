import { readState, recover } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem, PowerCut } from './memory-file-system.ts';
import { describeTree, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

const PIECE = 16_384;
const random = seededRandom(5);
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
const code = (error: unknown): unknown => (error as { code?: unknown }).code;
const textOf = async (files: MemoryFileSystem, path: string): Promise<string> =>
  Buffer.from(await files.read(path)).toString();
const treeOf = async (build: readonly BuildFile[]): Promise<string[]> => {
  const files = new MemoryFileSystem();
  await putFiles(files, build);
  return describeTree(files);
};

const world = file('data/world.pak', 5 * PIECE + 100);
const readme = file('readme.txt', 100);
const first = releaseInMemory([world, readme], '1.0.0');

async function installed(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem();
  await moveInstall(files, first);
  return files;
}

describe('moving an install to a release', () => {
  it('writes nothing for a file that only moved', async () => {
    const files = await installed();
    const { plan, fetchedBytes, copiedBytes } = await moveInstall(
      files,
      releaseInMemory([{ ...world, path: 'worlds/one.pak' }, readme], '1.1.0'),
    );
    expect({ plan: plan.chosen, fetchedBytes, copiedBytes }).toMatchObject({
      plan: { kind: 'pieces', downloadBytes: 0, writeBytes: 0, scratchBytes: 0 },
      fetchedBytes: 0,
      copiedBytes: 0,
    });
    expect((await files.stat('worlds/one.pak'))?.linkCount).toBe(1);
    expect(await files.stat('data')).toBeUndefined();
  });

  it('fetches just the pieces that changed', async () => {
    const files = await installed();
    const content = world.content.slice();
    content[3 * PIECE + 5] = 1 + (content[3 * PIECE + 5] ?? 0);
    const { fetchedBytes, copiedBytes } = await moveInstall(
      files,
      releaseInMemory([{ ...world, content }, readme], '1.1.0'),
    );
    expect({ fetchedBytes, copiedBytes }).toEqual({ fetchedBytes: PIECE, copiedBytes: 4 * PIECE + 100 });
  });

  it('finds unchanged pieces when the piece length is another', async () => {
    const files = await installed();
    const content = world.content.slice();
    content[0] = 1 + (content[0] ?? 0);
    const { fetchedBytes } = await moveInstall(
      files,
      releaseInMemory([{ ...world, content }, readme], '1.1.0', 2 * PIECE),
    );
    expect(fetchedBytes).toBe(2 * PIECE);
  });

  it('fetches content that several paths have once', async () => {
    const files = new MemoryFileSystem();
    const copies = ['a', 'b', 'c'].map((path) => ({ ...world, path, executable: path === 'b' }));
    const { fetchedBytes } = await moveInstall(files, releaseInMemory(copies, '1.0.0'));
    expect(fetchedBytes).toBe(world.content.length);
    expect(await describeTree(files)).toEqual(await treeOf(copies));
  });

  it('changes an executable bit alone without a fetch', async () => {
    const files = await installed();
    const build = [world, { ...readme, executable: true }];
    const { fetchedBytes } = await moveInstall(files, releaseInMemory(build, '1.1.0'));
    expect(fetchedBytes).toBe(0);
    expect(await describeTree(files)).toEqual(await treeOf(build));
  });

  it('goes on with what was staged when it was stopped on the way', async () => {
    const files = new MemoryFileSystem();
    const stopped = moveInstall(files, first, {
      onPiece: (count) => (count === 4 ? Promise.reject(new PowerCut('stop')) : Promise.resolve()),
    });
    await expect(stopped).rejects.toThrow(PowerCut);
    expect(await describeTree(files)).toEqual([]);
    const { fetchedBytes, plan } = await moveInstall(files, first);
    expect(fetchedBytes).toBe(first.manifest.bytes - 4 * PIECE);
    expect(plan.chosen.downloadBytes).toBe(fetchedBytes);
  });

  it('takes staged bytes that were changed for what they are', async () => {
    const files = new MemoryFileSystem();
    const stopped = moveInstall(files, first, {
      onPiece: (count) => (count === 4 ? Promise.reject(new PowerCut('stop')) : Promise.resolve()),
    });
    await expect(stopped).rejects.toThrow(PowerCut);
    const [staged] = await files.list('.swarmpatch/staging/content');
    await files.writeAt(`.swarmpatch/staging/content/${staged?.name ?? ''}`, 7, new Uint8Array([1, 2, 3]));
    const { fetchedBytes } = await moveInstall(files, first);
    expect(fetchedBytes).toBe(first.manifest.bytes - 3 * PIECE);
    expect(await describeTree(files)).toEqual(await treeOf(first.build));
  });

  it('refuses a directory that became a link, before it changes anything', async () => {
    const files = await installed();
    await files.makeDirectory('elsewhere');
    await files.rename('data/world.pak', 'elsewhere/world.pak');
    await files.removeDirectory('data');
    await files.symlink('elsewhere', 'data');
    const before = await describeTree(files);
    const error: unknown = await moveInstall(files, releaseInMemory([file('data/other', 10)], '1.1.0')).catch(
      (failure: unknown) => failure,
    );
    expect(code(error)).toBe('parent_is_link');
    expect(await describeTree(files)).toEqual(before);
  });

  describe('when the state was lost, with a link where the release wants a directory', () => {
    const target = releaseInMemory([world, readme, file('current/index.txt', 60)], '1.1.0');

    async function linkedTo(leadsTo: string): Promise<MemoryFileSystem> {
      const files = new MemoryFileSystem();
      await moveInstall(files, releaseInMemory([world, readme, link('current', 'data')], '1.0.0'));
      await files.remove('.swarmpatch/state');
      await files.remove('current');
      await files.symlink(leadsTo, 'current');
      return files;
    }

    it('keeps one that may be of a release aside', async () => {
      const files = await linkedTo('data');
      expect((await moveInstall(files, target)).kept).toEqual([
        { path: 'current', to: '.swarmpatch/kept/1.1.0/current' },
      ]);
      expect(await files.readLink('.swarmpatch/kept/1.1.0/current')).toBe('data');
      expect(await describeTree(files)).toEqual(await treeOf(target.build));
    });

    it.each(['../elsewhere', '/elsewhere'])(
      'refuses one to %s with what to do, and changes nothing',
      async (leadsTo) => {
        const files = await linkedTo(leadsTo);
        const before = await describeTree(files);
        await expect(moveInstall(files, target)).rejects.toMatchObject({
          code: 'parent_is_link',
          path: 'current',
          message: expect.stringContaining('remove the link') as string,
        });
        expect(await describeTree(files)).toEqual(before);
      },
    );
  });

  it('keeps what the player put where the release wants a file or a directory', async () => {
    const files = await installed();
    await putFiles(files, [file('levels', 20), { ...readme, path: 'mods/mine/a.txt' }]);
    const build = [world, file('levels/one', 30), file('mods', 40)];
    const { kept } = await moveInstall(files, releaseInMemory(build, '1.1.0'));
    expect(kept).toEqual([
      { path: 'levels', to: '.swarmpatch/kept/1.1.0/levels' },
      { path: 'mods', to: '.swarmpatch/kept/1.1.0/mods' },
    ]);
    expect(await describeTree(files)).toEqual(await treeOf(build));
    expect((await files.read('.swarmpatch/kept/1.1.0/mods/mine/a.txt')).length).toBe(100);
  });

  it('keeps what appears or changes while the release is fetched', async () => {
    const files = await installed();
    const build = [world, { ...readme, content: randomBytes(random, 90) }, file('new.txt', 50)];
    const { kept } = await moveInstall(files, releaseInMemory(build, '1.1.0'), {
      onPiece: async () => {
        await files.write('new.txt', Buffer.from('mine'));
        await files.write('readme.txt', Buffer.from('notes'));
      },
    });
    expect(kept.map(({ path }) => path)).toEqual(['new.txt', 'readme.txt']);
    expect(await textOf(files, '.swarmpatch/kept/1.1.0/new.txt')).toBe('mine');
    expect(await textOf(files, '.swarmpatch/kept/1.1.0/readme.txt')).toBe('notes');
    expect(await describeTree(files)).toEqual(await treeOf(build));
  });

  it('never replaces what it kept before', async () => {
    const files = await installed();
    for (const [version, text] of [
      ['1.1.0', 'one'],
      ['1.0.0', ''],
      ['1.1.0', 'two'],
    ] as const) {
      if (text !== '') await files.write('new.txt', Buffer.from(text));
      await moveInstall(
        files,
        version === '1.0.0' ? first : releaseInMemory([world, readme, file('new.txt', 50)], version),
      );
    }
    expect(await textOf(files, '.swarmpatch/kept/1.1.0/new.txt')).toBe('one');
    expect(await textOf(files, '.swarmpatch/kept/1.1.0-2/new.txt')).toBe('two');
  });

  it('refuses a file that changed while it was to be moved', async () => {
    const files = await installed();
    const target = releaseInMemory([{ ...world, path: 'one.pak' }, file('new.txt', 50)], '1.1.0');
    const error: unknown = await moveInstall(files, target, {
      onPiece: () => files.writeAt('data/world.pak', 0, new Uint8Array([1])),
    }).catch((failure: unknown) => failure);
    expect(code(error)).toBe('staged_damaged');
    expect((await readState(files))?.installed?.version).toBe('1.0.0');
  });

  it('replaces links by files and directories, and the other way round', async () => {
    const files = new MemoryFileSystem();
    const builds = [
      [link('a', 'data'), file('b', 10), file('data/x', 20)],
      [file('a/x', 30), link('b', 'a/x'), file('data', 5)],
      [file('a', 15), file('b/deep/er', 10), link('data', 'b')],
    ];
    for (const [index, build] of [...builds, ...builds.toReversed()].entries()) {
      await moveInstall(files, releaseInMemory(build, `1.${index}.0`));
      expect(await describeTree(files)).toEqual(await treeOf(build));
    }
  });

  it('leaves directories that hold something of the player', async () => {
    const files = await installed();
    await files.write('data/mine.txt', Buffer.from('mine'));
    await files.makeDirectory('empty-of-mine');
    await moveInstall(files, releaseInMemory([readme], '1.1.0'));
    expect(await describeTree(files)).toEqual(
      [
        ...(await treeOf([readme])),
        ...(await treeOf([])),
        'empty-of-mine/',
        expect.stringContaining('data/mine.txt'),
      ].sort(),
    );
  });
});

describe('recover()', () => {
  it('believes no journal with a flipped bit: the install is suspect, and the next move makes it whole', async () => {
    const target = releaseInMemory([{ ...world, path: 'one.pak' }, file('new.txt', 50)], '1.1.0');
    const base = await installed();
    const whole = base.clone();
    await moveInstall(whole, target);
    const cut = base.clone({ cutAtStep: whole.steps - 12 });
    await expect(moveInstall(cut, target)).rejects.toThrow(PowerCut);
    const journal = await cut.read('.swarmpatch/journal');
    const luck = seededRandom(1);
    for (let round = 0; round < 40; round += 1) {
      const files = cut.clone();
      const at = Math.floor(luck() * journal.length);
      await files.writeAt(
        '.swarmpatch/journal',
        at,
        new Uint8Array([(journal[at] ?? 0) ^ (1 << Math.floor(luck() * 8))]),
      );
      expect((await recover(files)).kind).toBe('suspect');
      expect((await readState(files))?.suspect).toBe(true);
      await moveInstall(files, target);
      expect(await describeTree(files)).toEqual(await treeOf(target.build));
      expect((await readState(files))?.suspect).toBe(false);
    }
  });
});
