import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { type Build, generateBuild, readBuild, summarizeBuild } from '@swarmpatch/testkit';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackArchive } from './archive.ts';

type Entry = Partial<Header> & { name: string; content?: Uint8Array };

let scratch: string;
let target: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'archive-'));
  target = join(scratch, 'target');
  await mkdir(target);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function writeTar(entries: Entry[], name = 'build.tar'): Promise<string> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header, content ?? '');
  tar.finalize();
  const path = join(scratch, name);
  const chunks = async function* (): AsyncGenerator<unknown> {
    yield* tar;
  };
  await (name.endsWith('gz')
    ? pipeline(chunks, createGzip(), createWriteStream(path))
    : pipeline(chunks, createWriteStream(path)));
  return path;
}

function entriesOf(build: Build): Entry[] {
  return build.map(({ path, content, executable, symlink }) =>
    symlink === undefined
      ? { name: `./${path}`, content, mode: executable ? 0o755 : 0o644 }
      : { name: path, type: 'symlink', linkname: symlink },
  );
}

function unpack(archive: string, signal = new AbortController().signal): Promise<void> {
  return unpackArchive(archive, target, { signal, onBytes: () => undefined });
}

describe('unpackArchive()', () => {
  it.each(['build.tar', 'build.tar.gz', 'build.tgz'])('restores every kind of entry from %s', async (name) => {
    const build = generateBuild(5, { files: 8, largestBytes: 300_000 });
    await unpack(await writeTar(entriesOf(build), name));
    expect(summarizeBuild(await readBuild(target))).toEqual(summarizeBuild(build));
  });

  it.each<[string, Entry[]]>([
    ['a path that leaves the directory', [{ name: '../escaped' }]],
    ['a path that leaves it further in', [{ name: 'a/../../escaped' }]],
    ['an absolute path', [{ name: '/tmp/escaped' }]],
    ['a drive', [{ name: 'C:/escaped' }]],
    ['a backslash', [{ name: 'a\\..\\escaped' }]],
    ['a device name', [{ name: 'data/NUL' }]],
    ['a hard link', [{ name: 'passwd', type: 'link', linkname: '/etc/passwd' }]],
    ['a device', [{ name: 'null', type: 'character-device' }]],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }]],
    [
      'a file twice',
      [
        { name: 'a', content: Buffer.from('1') },
        { name: 'a', content: Buffer.from('2') },
      ],
    ],
    [
      'a file below a link',
      [
        { name: 'a', type: 'symlink', linkname: '/tmp' },
        { name: 'a/escaped', content: Buffer.from('1') },
      ],
    ],
    [
      'a file that is also a directory',
      [
        { name: 'a', content: Buffer.from('1') },
        { name: 'a/b', content: Buffer.from('2') },
      ],
    ],
    [
      'a link in the place of a file',
      [
        { name: 'a', content: Buffer.from('1') },
        { name: 'a', type: 'symlink', linkname: 'b' },
      ],
    ],
  ])('refuses %s and writes nothing outside', async (_, entries) => {
    await expect(unpack(await writeTar(entries))).rejects.toMatchObject({
      name: 'PublishError',
      code: 'unsafe_archive',
    });
    expect((await readdir(scratch)).toSorted()).toEqual(['build.tar', 'target']);
  });

  it.each<[string, string, Uint8Array]>([
    ['junk', 'build.tar', Buffer.alloc(4096, 'junk')],
    ['junk that calls itself gzip', 'build.tar.gz', Buffer.alloc(4096, 'junk')],
    ['a tar in a cut gzip', 'build.tar.gz', gzipSync(Buffer.alloc(100_000, 1)).subarray(0, 60)],
  ])('names %s a bad archive', async (_, name, bytes) => {
    const path = join(scratch, name);
    await writeFile(path, bytes);
    await expect(unpack(path)).rejects.toMatchObject({ name: 'PublishError', code: 'bad_archive' });
  });

  it('names a tar that was cut short a bad archive', async () => {
    const whole = await writeTar([{ name: 'a', content: Buffer.alloc(100_000, 1) }]);
    await truncate(whole, 50_000);
    await expect(unpack(whole)).rejects.toMatchObject({ name: 'PublishError', code: 'bad_archive' });
  });

  it('stops when it is told to', async () => {
    const archive = await writeTar(entriesOf(generateBuild(5)));
    const ender = new AbortController();
    const ended = unpack(archive, ender.signal);
    ender.abort(new Error('interrupted'));
    await expect(ended).rejects.toThrow('interrupted');
  });
});
