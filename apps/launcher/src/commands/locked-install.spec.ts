import { readdir, readFile, writeFile } from 'node:fs/promises';
import { DiskFileSystem, lockInstall, type InstallLock } from '@swarmpatch/node-io/file-system';
import { generateBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Player } from '../testing/player.contract.ts';

const build = generateBuild(1, { files: 4, largestBytes: 60_000 });
const [first] = build;

describe('an install that another launcher fetches into', () => {
  let player: Player;
  let lock: InstallLock;

  beforeEach(async () => {
    player = await Player.open(build);
    await player.install();
    await player.origin.close();
    lock = await lockInstall(new DiskFileSystem(player.game), 'watch: bringing 1.1.0');
  });
  afterEach(async () => {
    await lock.release();
    await player.close();
  });

  it('tells its status and history, and who holds it and why', async () => {
    const holder = { pid: process.pid, command: 'watch: bringing 1.1.0', since: expect.any(String) as string };
    expect(await player.run('status')).toMatchObject({
      exitCode: 0,
      document: { version: '1.0.0', state: 'busy', holder },
    });
    expect(await player.run('history')).toMatchObject({ exitCode: 0, document: { entries: [{ to: '1.0.0' }] } });
    await lock.release();
    expect(await player.run('status')).toMatchObject({ exitCode: 0, document: { state: 'installed', holder: null } });
  });

  it('is verified, quickly and deeply, without a change', async () => {
    const before = await readdir(player.pathOf('.swarmpatch'));
    expect(await player.run('verify')).toMatchObject({ exitCode: 0, document: { ok: true } });
    await writeFile(player.pathOf(first?.path ?? ''), 'damaged');
    for (const depth of ['--quick', '--deep']) {
      const { exitCode, document } = await player.run('verify', depth);
      expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { damaged: [{ path: first?.path }] } });
    }
    expect(await readdir(player.pathOf('.swarmpatch'))).toEqual(before);
  });

  it('is refused to commands that change it, and to all that read files while these are changed, with who does that', async () => {
    const journal = player.pathOf('.swarmpatch/journal');
    await writeFile(journal, 'not yet done');
    for (const command of ['verify', 'update', 'plan', 'repair', 'rollback', 'uninstall']) {
      const { exitCode, document, errors } = await player.run(command);
      expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'install_locked' } } });
      expect(errors).toContain(`found process ${process.pid} on `);
      expect(errors).toContain('(watch: bringing 1.1.0, since 2');
      expect(await readFile(journal, 'utf8')).toBe('not yet done');
    }
  });
});
