import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskFileSystem, lockInstall, type InstallLock } from '@swarmpatch/node-io/file-system';
import { generateBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLauncher, type LauncherRun } from '../testing/launcher-run.contract.ts';
import { SmallOrigin } from '../testing/small-origin.contract.ts';

const build = generateBuild(1, { files: 4, largestBytes: 60_000 });
const [first] = build;

describe('an install that another launcher fetches into', () => {
  let scratch: string;
  let game: string;
  let lock: InstallLock;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-locked-'));
    game = join(scratch, 'game');
    const origin = await SmallOrigin.start(join(scratch, 'builds'));
    try {
      await origin.publish(build, '1.0.0');
      await run('install', 'starfall', '--origin', origin.url, '--root-fingerprint', origin.fingerprint);
    } finally {
      await origin.close();
    }
    lock = await lockInstall(new DiskFileSystem(game), 'watch: bringing 1.1.0');
  });
  afterEach(async () => {
    await lock.release();
    await rm(scratch, { recursive: true, force: true });
  });

  const run = (command: string, ...more: string[]): Promise<LauncherRun> =>
    runLauncher([command, ...more, '--dir', game]);

  it('tells its status and history, and who holds it and why', async () => {
    const holder = { pid: process.pid, command: 'watch: bringing 1.1.0', since: expect.any(String) as string };
    expect(await run('status')).toMatchObject({ exitCode: 0, document: { version: '1.0.0', state: 'busy', holder } });
    expect(await run('history')).toMatchObject({ exitCode: 0, document: { entries: [{ to: '1.0.0' }] } });
    await lock.release();
    expect(await run('status')).toMatchObject({ exitCode: 0, document: { state: 'installed', holder: null } });
  });

  it('is verified, quickly and deeply, without a change', async () => {
    const before = await readdir(join(game, '.swarmpatch'));
    expect(await run('verify')).toMatchObject({ exitCode: 0, document: { ok: true } });
    await writeFile(join(game, first?.path ?? ''), 'damaged');
    for (const depth of ['--quick', '--deep']) {
      const { exitCode, document } = await run('verify', depth);
      expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { damaged: [{ path: first?.path }] } });
    }
    expect(await readdir(join(game, '.swarmpatch'))).toEqual(before);
  });

  it('is refused to commands that change it, and to all that read files while these are changed, with who does that', async () => {
    const journal = join(game, '.swarmpatch/journal');
    await writeFile(journal, 'not yet done');
    for (const command of ['verify', 'update', 'plan', 'repair', 'rollback', 'uninstall']) {
      const { exitCode, document, errors } = await run(command);
      expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'install_locked' } } });
      expect(errors).toContain(`found process ${process.pid} on `);
      expect(errors).toContain('(watch: bringing 1.1.0, since 2');
      expect(await readFile(journal, 'utf8')).toBe('not yet done');
    }
  });
});
