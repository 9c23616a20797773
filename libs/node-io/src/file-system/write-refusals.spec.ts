import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { DiskFileSystem } from './disk-file-system.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

describe('refusals()', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'swarmpatch-refusals-'));
    await mkdir(join(root, 'd'));
    await writeFile(join(root, 'd/file'), 'content');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const refusals = (...paths: readonly string[]) => new DiskFileSystem(root).refusals(paths);

  it('finds nothing in the way of a file that is only read-only, a link, or something that is to come', async () => {
    await chmod(join(root, 'd/file'), 0o444);
    await symlink('/nowhere', join(root, 'd/link'));
    expect(await refusals('d/file', 'd/link', 'd', 'new', 'new/below/it')).toEqual(Array(5).fill(undefined));
  });

  it.skipIf(process.platform === 'win32')('names what would have too long a path or name here', async () => {
    const name = 'n'.repeat(200);
    const deep = Array<string>(30).fill(name).join('/');
    expect(await refusals(deep, `${name}${name}`, name)).toEqual(['ENAMETOOLONG', 'ENAMETOOLONG', undefined]);
  });

  it.runIf(isRoot)('names files and directories that are immutable', async (test) => {
    await protect(test, 'd/file');
    try {
      expect(await refusals('d/file', 'd/other')).toEqual(['EPERM', undefined]);
    } finally {
      spawnSync('chattr', ['-i', join(root, 'd/file')]);
    }
    await protect(test, 'd');
    try {
      expect(await refusals('d/file', 'd/new/file', 'other')).toEqual(['EPERM', 'EPERM', undefined]);
    } finally {
      spawnSync('chattr', ['-i', join(root, 'd')]);
    }
  });

  it.runIf(isRoot)('names what lies on another disk', async (test) => {
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', join(root, 'd')]).status !== 0) return test.skip('no mounts here');
    try {
      expect(await refusals('d/file', 'd/new/file', 'other')).toEqual(['EXDEV', 'EXDEV', undefined]);
    } finally {
      spawnSync('umount', [join(root, 'd')]);
    }
  });

  it.skipIf(process.platform === 'win32')('names what another user owns', async (test) => {
    await mkdir(join(root, 'free'));
    await chmod(root, 0o755);
    await chmod(join(root, 'd'), 0o555);
    await chmod(join(root, 'free'), 0o777);
    const code = `
      const { DiskFileSystem } = await import(${JSON.stringify(new URL('disk-file-system.ts', import.meta.url).href)});
      console.log(JSON.stringify(await new DiskFileSystem(${JSON.stringify(root)}).refusals(['d/file', 'd/new/file', 'free/file'])));`;
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
    const argv = [...process.execArgv, '--input-type=module', '-e', code];
    const { status, stdout } = spawnSync(process.execPath, argv, { ...user, encoding: 'utf8' });
    if (status !== 0) return test.skip('nobody else can read this checkout');
    expect(JSON.parse(stdout)).toEqual(['EACCES', 'EACCES', null]);
  });

  async function protect(test: TestContext, path: string): Promise<void> {
    if (spawnSync('chattr', ['+i', join(root, path)]).status !== 0) test.skip('this disk has no immutable files');
  }
});
