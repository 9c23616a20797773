import { spawnSync } from 'node:child_process';
import { readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Player } from '../testing/player.contract.ts';

const oldBuild = generateBuild(3, { files: 4, largestBytes: 100_000 });
const newBuild = nextBuild(oldBuild, 4);

describe('swarmpatch-launcher, on a disk that is not plain,', () => {
  let player: Player;

  beforeEach(async () => {
    player = await Player.open(oldBuild);
    await player.install();
    await player.origin.publish(newBuild, '1.1.0');
  });
  afterEach(() => player.close());

  const refused = (code: string) => ({ exitCode: 1, document: { error: { code } } });

  it('neither reads nor changes what lies behind a link in place of a directory, whatever the command', async () => {
    await player.run('update');
    const outside = join(player.scratch, 'outside');
    await rename(player.pathOf('data'), outside);
    await symlink(outside, player.pathOf('data'));
    const before = await player.treeOf(outside);
    for (const [command, ...more] of [['verify'], ['repair'], ['rollback'], ['update', '--version', '1.0.0']] as const)
      expect(await player.run(command, ...more), command).toMatchObject(refused('parent_is_link'));
    await player.run('uninstall');
    expect(await player.treeOf(outside)).toEqual(before);
  }, 60_000);

  it('refuses an install whose own directory is a link, whatever the command', async () => {
    const outside = join(player.scratch, 'outside');
    await rename(player.pathOf('.swarmpatch'), outside);
    await symlink(outside, player.pathOf('.swarmpatch'));
    const before = await readdir(outside);
    for (const command of ['status', 'verify', 'plan', 'update', 'repair', 'rollback', 'history', 'uninstall'])
      expect(await player.run(command), command).toMatchObject(refused('parent_is_link'));
    expect(await player.install()).toMatchObject(refused('parent_is_link'));
    expect(await readdir(outside)).toEqual(before);
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('does not mind times of change in the future', async () => {
    const far = new Date('2201-01-01');
    for (const file of oldBuild) if (file.symlink === undefined) await utimes(player.pathOf(file.path), far, far);
    expect((await player.run('verify')).document).toMatchObject({ ok: true });
    expect((await player.run('update')).document).toMatchObject({ changed: true, kept: [] });
    expect(await player.treeOf()).toEqual(summarizeBuild(newBuild));
  });

  it('knows by its history what was installed when the state is lost, and goes on from there', async () => {
    await writeFile(player.pathOf('.swarmpatch/state'), 'torn');
    const { document } = await player.install();
    expect(document).toMatchObject({ from: '1.0.0', to: '1.1.0', kept: [] });
    expect(await player.treeOf()).toEqual(summarizeBuild(newBuild));
    await rm(player.pathOf('.swarmpatch/state'));
    expect((await player.install()).document).toMatchObject({ from: '1.1.0', to: '1.1.0', kept: [] });
    await player.run('rollback');
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('reads every file once a journal was not to be believed, whatever their times say', async () => {
    const path = player.pathOf('scripts/main.lua');
    const restoreTime = (): Promise<void> => utimes(path, 1_700_000_000, 1_700_000_000);
    await restoreTime();
    await player.run('verify');
    const content = await readFile(path);
    await writeFile(
      path,
      content.map((byte) => byte ^ 1),
    );
    await restoreTime();
    await writeFile(player.pathOf('.swarmpatch/journal'), 'torn');
    await player.run('verify', '--quick');
    expect((await player.run('status')).document).toMatchObject({ state: 'suspect' });
    await player.run('update', '--version', '1.0.0');
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
    expect((await player.run('status')).document).toMatchObject({ state: 'installed' });
  });

  it.runIf(process.getuid?.() === 0)('tells what is installed where it may not write', async (test) => {
    const own = player.pathOf('.swarmpatch');
    if (spawnSync('chattr', ['+i', own]).status !== 0) return test.skip('this disk has no immutable files');
    try {
      expect((await player.run('status')).document).toMatchObject({ version: '1.0.0', holder: null });
      expect((await player.run('history')).document).toMatchObject({ entries: [{ to: '1.0.0' }] });
      expect(await player.run('update')).toMatchObject(refused('file_refused'));
    } finally {
      spawnSync('chattr', ['-i', own]);
    }
  });

  it.runIf(process.getuid?.() === 0)('names a protected file before it fetches anything', async (test) => {
    const world = player.pathOf('scripts/main.lua');
    if (spawnSync('chattr', ['+i', world]).status !== 0) return test.skip('this disk has no immutable files');
    try {
      const { exitCode, document, errors } = await player.run('update');
      expect({ exitCode, document }).toMatchObject(refused('file_refused'));
      expect(errors).toContain('scripts/main.lua');
      expect(errors).not.toContain('download');
      expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
    } finally {
      spawnSync('chattr', ['-i', world]);
    }
    expect((await player.run('update')).document).toMatchObject({ changed: true });
    expect(await player.treeOf()).toEqual(summarizeBuild(newBuild));
  });
});
