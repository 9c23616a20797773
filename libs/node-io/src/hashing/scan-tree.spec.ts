import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { scanTree } from './scan-tree.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swarmpatch-scan-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(path: string, mode = 0o644): Promise<string> {
  const absolutePath = join(root, path);
  await mkdir(dirname(absolutePath), { recursive: true });
  await writeFile(absolutePath, path, { mode });
  return absolutePath;
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
}

describe('scanTree()', () => {
  it('lists files and links in torrent order, with what a torrent says of them', async () => {
    await put('a.b');
    await put('a/run', 0o755);
    await link('a/link', './../a.b');
    await mkdir(join(root, 'nothing in here'));
    const files = await scanTree(root);
    expect(
      files.map(({ path, lengthBytes, executable, symlink: text }) => ({ path, lengthBytes, executable, text })),
    ).toEqual([
      { path: 'a/link', lengthBytes: 0, executable: false, text: '../a.b' },
      { path: 'a/run', lengthBytes: 5, executable: true, text: undefined },
      { path: 'a.b', lengthBytes: 3, executable: false, text: undefined },
    ]);
  });

  it('scans a lone file', async () => {
    const absolutePath = await put('lone.bin');
    expect(await scanTree(absolutePath)).toMatchObject([{ path: 'lone.bin', absolutePath, lengthBytes: 8 }]);
  });

  it.each(['what?.txt', 'a:b', 'con', 'dir/aux.txt', 'name.', 'name ', 'a\\b', 'new\nline', 'dir./x'])(
    'refuses %j, which Windows would',
    async (path) => {
      await put(path);
      await expect(scanTree(root)).rejects.toMatchObject({ name: 'ScanError', code: 'unportable_path' });
    },
  );

  it('refuses names that are not text', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), '');
    await expect(scanTree(root)).rejects.toMatchObject({ code: 'unportable_path' });
  });

  it.each([
    ['readme', 'README'],
    ['caf\u00e9', 'cafe\u0301'],
    ['Data/a', 'data/b'],
  ])('refuses %s beside %s, which are one on some systems', async (first, second) => {
    await put(first);
    await put(second);
    await expect(scanTree(root)).rejects.toMatchObject({ code: 'path_collision' });
  });

  it.each(['/etc/passwd', '..', '../outside', 'a/../../outside', '.'])('refuses a link to %s', async (target) => {
    await link('link', target);
    await expect(scanTree(root)).rejects.toMatchObject({ code: 'link_outside', path: 'link' });
  });

  it('does not follow links, so it cannot run in circles', async () => {
    await put('a/b/file');
    await link('a/b/up', '../../a');
    expect((await scanTree(root)).map((file) => file.path)).toEqual(['a/b/file', 'a/b/up']);
  });

  it('refuses sockets and pipes', async () => {
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(scanTree(root)).rejects.toMatchObject({ code: 'unsupported_file', path: 'socket' });
    await new Promise((resolve) => server.close(resolve));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(scanTree(root)).rejects.toMatchObject({ code: 'unsupported_file', path: 'pipe' });
    await expect(scanTree('/dev/null')).rejects.toMatchObject({ code: 'unsupported_file' });
  });

  it('refuses files and directories that it may not read', async () => {
    await put('open.txt');
    await put('secret.txt', 0o000);
    await asOrdinaryUser(() =>
      expect(scanTree(root)).rejects.toMatchObject({ code: 'unreadable', path: 'secret.txt' }),
    );
    await rm(join(root, 'secret.txt'));
    await mkdir(join(root, 'closed'), { mode: 0o000 });
    await asOrdinaryUser(() => expect(scanTree(root)).rejects.toMatchObject({ code: 'unreadable', path: 'closed' }));
  });

  it('says that there is nothing where there is nothing', async () => {
    await expect(scanTree(join(root, 'none'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('stops when told to', async () => {
    await put('a');
    await expect(scanTree(root, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });
});

const NOBODY = 65_534;

/** Root may read everything, so the test gives that up for a while. */
async function asOrdinaryUser(test: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) {
    await test();
    return;
  }
  execFileSync('chmod', ['755', root]);
  process.seteuid?.(NOBODY);
  try {
    await test();
  } finally {
    process.seteuid?.(0);
  }
}
