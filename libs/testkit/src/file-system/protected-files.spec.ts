import { readState, recover } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { generateBuild, nextBuild } from '../builds/index.ts';
import { FileSystemError, MemoryFileSystem } from './memory-file-system.ts';
import { describeTree, moveInstall } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

class HeldFileSystem extends MemoryFileSystem {
  /** Cannot be removed. */
  held: RegExp | undefined;

  override remove(path: string): Promise<boolean> {
    return this.held?.test(path) === true ? Promise.reject(new FileSystemError('EACCES', path)) : super.remove(path);
  }
}

const first = generateBuild(7, { files: 8, largestBytes: 60_000 });
const second = nextBuild(first, 8);

describe('a move of an install', () => {
  it.each([
    ['bin/starfall', 'EPERM', 'take the protection off'],
    ['locale/default', 'EXDEV', 'another disk is mounted'],
    ['assets/new-level-8.pak', 'EACCES', 'run the launcher as the user who installed the game'],
    ['.swarmpatch/releases', 'EACCES', 'run the launcher as the user who installed the game'],
  ])('is refused with nothing changed when %s answers %s', async (path, errno, remedy) => {
    const base = new MemoryFileSystem();
    await moveInstall(base, releaseInMemory(first, '1.0.0'));
    const before = await describeTree(base);
    const files = base.clone({ refused: new Map([[path, errno]]) });
    await expect(moveInstall(files, releaseInMemory(second, '1.1.0'))).rejects.toMatchObject({
      code: 'file_refused',
      path,
      message: expect.stringContaining(remedy) as string,
    });
    expect(await describeTree(files)).toEqual(before);
    const freed = files.clone({ refused: new Map() });
    await moveInstall(freed, releaseInMemory(second, '1.1.0'));
    expect(await describeTree(freed)).not.toEqual(before);
  });

  it('is done though something of the launcher may not be removed any more', async () => {
    const files = new HeldFileSystem();
    const releases = [releaseInMemory(first, '1.0.0'), releaseInMemory(second, '1.1.0')] as const;
    for (const release of releases) await moveInstall(files, release);
    files.held = /^\.swarmpatch\/(undo|staging|releases)\//;
    await moveInstall(files, releases[0]);
    expect((await readState(files))?.installed?.version).toBe('1.0.0');
    expect((await files.list('.swarmpatch')).map(({ name }) => name)).not.toContain('journal.done');
    files.held = undefined;
    expect(await recover(files)).toEqual({ kind: 'clean' });
    await moveInstall(files, releases[1]);
    expect((await files.list('.swarmpatch')).map(({ name }) => name)).not.toContain('staging');
  });

  it('does not mind a protected file that stays as it is', async () => {
    const next = releaseInMemory(second, '1.1.0');
    const installed = new MemoryFileSystem();
    await moveInstall(installed, releaseInMemory(first, '1.0.0'));
    const unchanged = next.build.find(({ path, content }) =>
      first.some((file) => file.path === path && Buffer.from(file.content).equals(content) && content.length > 0),
    );
    const held = installed.clone({ refused: new Map([[unchanged?.path ?? '', 'EPERM']]) });
    await moveInstall(held, next);
    expect((await moveInstall(held, next)).plan.chosen.kind).toBe('none');
  });
});
