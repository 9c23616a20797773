import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskFileSystem } from './disk-file-system.ts';
import { lockHolderOf, lockInstall } from './install-lock.ts';

describe('lockInstall()', () => {
  let root: string;
  let files: DiskFileSystem;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'swarmpatch-lock-'));
    files = new DiskFileSystem(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function leaveLock(holder: unknown): Promise<void> {
    await mkdir(join(root, '.swarmpatch'), { recursive: true });
    await writeFile(join(root, '.swarmpatch/lock'), typeof holder === 'string' ? holder : JSON.stringify(holder));
  }

  it('names the live process that holds the lock', async () => {
    expect(await lockHolderOf(files)).toBeUndefined();
    const lock = await lockInstall(files, 'update');
    expect(await lockHolderOf(files)).toMatchObject({ pid: process.pid, host: hostname(), command: 'update' });
    await expect(lockInstall(files, 'repair')).rejects.toMatchObject({
      code: 'install_locked',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} (update, since 2`) as string,
    });
    await lock.release();
    await (await lockInstall(files, 'repair')).release();
    expect(await readdir(join(root, '.swarmpatch'))).toEqual([]);
  });

  it('takes over the lock of a process that has ended', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await leaveLock({ pid, host: hostname(), command: 'update', processStart: '1', nonce: 'dead' });
    expect(await lockHolderOf(files)).toBeUndefined();
    await (await lockInstall(files, 'update')).release();
  });

  it.runIf(process.platform === 'linux')('takes over when the id belongs to a later process', async () => {
    await leaveLock({ pid: process.pid, host: hostname(), command: 'update', processStart: '1', nonce: 'dead' });
    await (await lockInstall(files, 'update')).release();
  });

  it.runIf(process.platform === 'linux')('takes over the lock of a machine that was started again', async () => {
    const lock = await lockInstall(files, 'update');
    const holder = JSON.parse(await readFile(join(root, '.swarmpatch/lock'), 'utf8')) as Record<string, unknown>;
    await lock.release();
    await leaveLock(holder);
    await expect(lockInstall(files, 'repair')).rejects.toMatchObject({ code: 'install_locked' });
    await leaveLock({ ...holder, bootId: 'another' });
    await (await lockInstall(files, 'repair')).release();
  });

  it('removes what others left when they were killed while they locked, and nothing of those that live', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const left = (name: string, text: string) => writeFile(join(root, `.swarmpatch/lock.${name}`), text);
    await leaveLock('dead');
    await left('torn', '{"pid"');
    await left('dead', JSON.stringify({ pid, host: hostname(), command: 'update' }));
    await left('live', JSON.stringify({ pid: process.pid, host: hostname(), command: 'update' }));
    await (await lockInstall(files, 'update')).release();
    expect(await readdir(join(root, '.swarmpatch'))).toEqual(['lock.live']);
  });

  it('takes over a lock that says nothing', async () => {
    await leaveLock('\0\0\0');
    await (await lockInstall(files, 'update')).release();
  });

  it('leaves the lock of another machine alone', async () => {
    await leaveLock({ pid: 1, host: 'elsewhere', command: 'update', processStart: '', nonce: 'x' });
    await expect(lockInstall(files, 'update')).rejects.toMatchObject({ code: 'install_locked' });
  });

  it('refuses an install whose own directory leads elsewhere, and leaves what is there', async () => {
    const elsewhere = join(root, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, join(root, '.swarmpatch'));
    await expect(lockInstall(files, 'update')).rejects.toMatchObject({ code: 'parent_is_link', path: '.swarmpatch' });
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(join(root, '.swarmpatch'));
    await writeFile(join(root, '.swarmpatch'), 'a file');
    await expect(lockInstall(files, 'update')).rejects.toMatchObject({ code: 'file_refused', path: '.swarmpatch' });
  });

  it.runIf(process.getuid?.() === 0)('says what to do where it may not write', async (test) => {
    const own = join(root, '.swarmpatch');
    await mkdir(own);
    if (spawnSync('chattr', ['+i', own]).status !== 0) return test.skip('this disk has no immutable files');
    try {
      await expect(lockInstall(files, 'update')).rejects.toMatchObject({
        code: 'file_refused',
        message: expect.stringContaining('take the protection off') as string,
      });
    } finally {
      spawnSync('chattr', ['-i', own]);
    }
  });

  it.runIf(process.getuid?.() === 0)('leaves nothing behind on a full disk', async (test) => {
    const own = join(root, '.swarmpatch');
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', root]).status !== 0)
      return test.skip('no mounts here');
    try {
      await mkdir(own);
      await writeFile(join(root, 'filler'), Buffer.alloc(128 * 1024)).catch(() => undefined);
      await expect(lockInstall(files, 'update')).rejects.toMatchObject({ code: 'disk_full' });
      expect(await readdir(own)).toEqual([]);
    } finally {
      spawnSync('umount', [root]);
    }
  });

  it('gives the lock to one of many that come at once', async () => {
    await leaveLock('dead');
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockInstall(files, 'update')));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
});
