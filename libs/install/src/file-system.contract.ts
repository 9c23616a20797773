import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errnoOf, type FileSystem } from './file-system.ts';

export interface FileSystemUnderTest {
  files: FileSystem;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** What every FileSystem does; each test gets an empty tree. */
export function describeFileSystem(name: string, open: () => Promise<FileSystemUnderTest>): void {
  describe(`${name} as a FileSystem`, () => {
    let opened: FileSystemUnderTest;
    let files: FileSystem;
    const textOf = async (path: string): Promise<string> => Buffer.from(await files.read(path)).toString();

    beforeEach(async () => {
      opened = await open();
      files = opened.files;
    });
    afterEach(() => opened.close());

    it('reads back what was written, whole and in part', async () => {
      await files.write('a', bytes('hello'));
      expect(await textOf('a')).toBe('hello');
      expect(Buffer.from(await files.read('a', { offsetBytes: 1, lengthBytes: 3 })).toString()).toBe('ell');
      expect(Buffer.from(await files.read('a', { offsetBytes: 4, lengthBytes: 9 })).toString()).toBe('o');
      await files.write('a', bytes('hi'));
      expect(await textOf('a')).toBe('hi');
    });

    it('tells kind, length and executable bit, and nothing of what is not there', async () => {
      await files.makeDirectory('d');
      await files.write('d/f', bytes('12345'));
      await files.setExecutable('d/f', true);
      await files.symlink('f', 'd/l');
      expect(await files.stat('d')).toMatchObject({ kind: 'directory' });
      expect(await files.stat('d/f')).toMatchObject({ kind: 'file', lengthBytes: 5, executable: true, linkCount: 1 });
      expect(await files.stat('d/l')).toMatchObject({ kind: 'link' });
      expect(await files.readLink('d/l')).toBe('f');
      expect(await files.stat('nothing')).toBeUndefined();
      expect(await files.stat('d/f/below')).toBeUndefined();
      await files.setExecutable('d/f', false);
      const stats = await files.statAll(['d/f', 'nothing', 'd']);
      expect(stats.map((stat) => stat?.kind)).toEqual(['file', undefined, 'directory']);
      expect(stats[0]?.executable).toBe(false);
    });

    it('lists a directory by name, and nothing where there is none', async () => {
      await files.makeDirectory('d');
      await files.write('d/b', bytes(''));
      await files.makeDirectory('d/a');
      await files.symlink('b', 'd/c');
      expect(await files.list('d')).toEqual([
        { name: 'a', kind: 'directory' },
        { name: 'b', kind: 'file' },
        { name: 'c', kind: 'link' },
      ]);
      expect(await files.list('nothing')).toEqual([]);
      expect((await files.list('')).map((entry) => entry.name)).toEqual(['d']);
    });

    it('changes the time of change with the content, and keeps it through a rename and a link', async () => {
      await files.write('a', bytes('one'));
      const before = await files.stat('a');
      await files.rename('a', 'b');
      expect(await files.stat('b')).toEqual(before);
      if (await files.link('b', 'c')) {
        expect(await files.stat('c')).toEqual({ ...before, linkCount: 2 });
      }
      await files.setExecutable('b', true);
      expect((await files.stat('b'))?.mtimeMs).toBe(before?.mtimeMs);
    });

    it('allocates a file of zeros and writes into it', async () => {
      await files.allocate('a', 10);
      await files.writeAt('a', 4, bytes('xy'));
      expect(await textOf('a')).toBe('\0\0\0\0xy\0\0\0\0');
      await files.allocate('a', 10);
      expect(await textOf('a')).toBe('\0\0\0\0xy\0\0\0\0');
      await files.allocate('a', 5);
      expect(await textOf('a')).toBe('\0\0\0\0x');
    });

    it('copies into a file of its own', async () => {
      await files.write('a', bytes('one'));
      await files.copy('a', 'b');
      await files.writeAt('b', 0, bytes('two'));
      expect([await textOf('a'), await textOf('b')]).toEqual(['one', 'two']);
    });

    it('renames over a file in one step', async () => {
      await files.write('a', bytes('new'));
      await files.write('b', bytes('old'));
      await files.rename('a', 'b');
      expect(await textOf('b')).toBe('new');
      expect(await files.stat('a')).toBeUndefined();
    });

    it('moves a directory with what is in it', async () => {
      await files.makeDirectory('d');
      await files.write('d/a', bytes('one'));
      await files.rename('d', 'e');
      expect(await textOf('e/a')).toBe('one');
    });

    it('removes files and links, and passes over directories and what is gone', async () => {
      await files.makeDirectory('d');
      await files.write('a', bytes('one'));
      await files.symlink('d', 'l');
      expect([
        await files.remove('a'),
        await files.remove('l'),
        await files.remove('a'),
        await files.remove('d'),
      ]).toEqual([true, true, false, false]);
      expect(await files.stat('d')).toMatchObject({ kind: 'directory' });
      await files.write('f', bytes('1'));
      expect(await files.remove('f/below')).toBe(false);
    });

    it('removes a directory only when it is empty', async () => {
      await files.makeDirectory('d');
      await files.write('d/a', bytes('one'));
      await files.write('f', bytes('one'));
      expect(await files.removeDirectory('d')).toBe(false);
      await files.remove('d/a');
      expect(await files.removeDirectory('d')).toBe(true);
      expect(await files.removeDirectory('d')).toBe(false);
      expect(await files.removeDirectory('f')).toBe(false);
    });

    it('makes a directory that may exist, but not over a file', async () => {
      await files.makeDirectory('d');
      await files.makeDirectory('d');
      await files.write('f', bytes('one'));
      expect(errnoOf(await files.makeDirectory('f').catch((error: unknown) => error))).toBe('EEXIST');
      expect(errnoOf(await files.makeDirectory('no/way').catch((error: unknown) => error))).toBe('ENOENT');
    });

    it('says ENOENT of a file that is not there', async () => {
      for (const work of [
        () => files.read('a'),
        () => files.rename('a', 'b'),
        () => files.writeAt('a', 0, bytes('x')),
      ]) {
        expect(errnoOf(await work().catch((error: unknown) => error))).toBe('ENOENT');
      }
    });

    it('syncs files and directories, and passes over directories that are gone', async () => {
      await files.makeDirectory('d');
      await files.write('d/a', bytes('one'));
      await files.sync(['d/a']);
      await files.syncDirectories(['', 'd', 'gone', 'd/a/below']);
    });

    it('knows how much room is left', async () => {
      expect(await files.freeBytes()).toBeGreaterThan(0);
    });
  });
}
