import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateBuild, nextBuild, readBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLauncher, type LauncherRun } from '../testing/launcher-run.contract.ts';
import { SmallOrigin } from '../testing/small-origin.contract.ts';

const oldBuild = generateBuild(3, { files: 4, largestBytes: 100_000 });
const newBuild = nextBuild(oldBuild, 4);

describe('swarmpatch-launcher, on a disk that is not plain,', () => {
  let scratch: string;
  let game: string;
  let origin: SmallOrigin;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-disks-'));
    game = join(scratch, 'game');
    origin = await SmallOrigin.start(join(scratch, 'builds'));
    await origin.publish(oldBuild, '1.0.0');
    await install();
    await origin.publish(newBuild, '1.1.0');
  });
  afterEach(async () => {
    await origin.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const install = (): Promise<LauncherRun> =>
    runLauncher([
      ...['install', 'starfall', '--origin', origin.url, '--dir', game],
      ...['--root-fingerprint', origin.fingerprint],
    ]);
  const run = (command: string, ...more: string[]): Promise<LauncherRun> =>
    runLauncher([command, '--dir', game, ...more]);
  const treeOf = async (directory = game): Promise<Record<string, string>> =>
    summarizeBuild(await readBuild(directory, { skip: ['.swarmpatch'] }));
  const refused = (code: string) => ({ exitCode: 1, document: { error: { code } } });

  it('neither reads nor changes what lies behind a link in place of a directory, whatever the command', async () => {
    await run('update');
    const outside = join(scratch, 'outside');
    await rename(join(game, 'data'), outside);
    await symlink(outside, join(game, 'data'));
    const before = await treeOf(outside);
    for (const [command, ...more] of [['verify'], ['repair'], ['rollback'], ['update', '--version', '1.0.0']] as const)
      expect(await run(command, ...more), command).toMatchObject(refused('parent_is_link'));
    await run('uninstall');
    expect(await treeOf(outside)).toEqual(before);
  }, 60_000);

  it('refuses an install whose own directory is a link, whatever the command', async () => {
    const outside = join(scratch, 'outside');
    await rename(join(game, '.swarmpatch'), outside);
    await symlink(outside, join(game, '.swarmpatch'));
    const before = await readdir(outside);
    for (const command of ['status', 'verify', 'plan', 'update', 'repair', 'rollback', 'history', 'uninstall'])
      expect(await run(command), command).toMatchObject(refused('parent_is_link'));
    expect(await install()).toMatchObject(refused('parent_is_link'));
    expect(await readdir(outside)).toEqual(before);
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('does not mind times of change in the future', async () => {
    const far = new Date('2201-01-01');
    for (const file of oldBuild) if (file.symlink === undefined) await utimes(join(game, file.path), far, far);
    expect((await run('verify')).document).toMatchObject({ ok: true });
    expect((await run('update')).document).toMatchObject({ changed: true, kept: [] });
    expect(await treeOf()).toEqual(summarizeBuild(newBuild));
  });

  it.runIf(process.getuid?.() === 0)('names a protected file before it fetches anything', async (test) => {
    const world = join(game, 'scripts/main.lua');
    if (spawnSync('chattr', ['+i', world]).status !== 0) return test.skip('this disk has no immutable files');
    try {
      const { exitCode, document, errors } = await run('update');
      expect({ exitCode, document }).toMatchObject(refused('file_refused'));
      expect(errors).toContain('scripts/main.lua');
      expect(errors).not.toContain('download');
      expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
    } finally {
      spawnSync('chattr', ['-i', world]);
    }
    expect((await run('update')).document).toMatchObject({ changed: true });
    expect(await treeOf()).toEqual(summarizeBuild(newBuild));
  });
});
