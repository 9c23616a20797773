import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, statfs } from 'node:fs/promises';
import { platform } from 'node:os';
import { type Build, randomBytes, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyInstall, treeOf } from './support/installed-tree.ts';
import { commandLine, finish } from './support/scene.ts';
import { openStage, type Stage } from './support/stage.ts';
import { codeOf, type Moved } from './support/studio.ts';

const MIB = 1024 * 1024;
/** Trust metadata, manifests, state and index, and what a run with nothing to do does not load. */
const OVERHEAD_BYTES_MAX = MIB;

/** What a process has read and written by system calls, sockets included. */
interface CountedIo {
  readBytes: number;
  writtenBytes: number;
}

describe.skipIf(platform() !== 'linux')('the disk of a player', () => {
  let stage: Stage;
  let pristine: string;
  let builds: Record<'1.0.0' | '1.1.0' | '1.2.0', Build>;
  const mounts: string[] = [];

  beforeAll(async () => {
    stage = await openStage('disk use');
    const random = seededRandom(stage.seed);
    const file = (path: string, lengthBytes: number): Build[number] => ({
      path,
      content: randomBytes(random, lengthBytes),
      executable: false,
    });
    const [world, music, added] = [file('data/world.pak', 17 * MIB), file('music.pak', MIB), file('new.pak', 4 * MIB)];
    const content = world.content.slice();
    content.set(randomBytes(random, 100_000), 9 * MIB + 3);
    builds = {
      '1.0.0': [world, music],
      '1.1.0': [{ ...world, path: 'worlds/one.pak' }, { ...music, path: 'sound/music.pak' }, added],
      '1.2.0': [{ ...world, content }, music],
    };
    for (const [version, build] of Object.entries(builds)) await stage.studio.publish(build, version);
    pristine = stage.scene.path('pristine');
    await stage.studio.install(pristine, '--version', '1.0.0', '--no-peers');
  }, 120_000);
  afterAll(async () => {
    for (const directory of mounts) spawnSync('umount', [directory]);
    await stage.scene.close();
  });

  async function countIo(...argv: readonly string[]): Promise<Moved & CountedIo> {
    const { scene } = stage;
    const path = scene.path('io');
    const count = `import { readFileSync, writeFileSync } from 'node:fs';
      process.on('exit', () => writeFileSync(${JSON.stringify(path)}, readFileSync('/proc/self/io')));`;
    const hook = ['--import', `data:text/javascript,${encodeURIComponent(count)}`];
    const program = scene.start(process.execPath, [...hook, ...commandLine('swarmpatch-launcher', ...argv)]);
    const { exitCode, document, complaints } = await finish(program);
    expect({ exitCode, complaints }).toMatchObject({ exitCode: 0 });
    const text = await readFile(path, 'latin1');
    const countOf = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
    return { ...(document as unknown as Moved), readBytes: countOf('rchar'), writtenBytes: countOf('wchar') };
  }

  const updating = (player: string, version: string): string[] => [
    'update',
    '--dir',
    player,
    '--version',
    version,
    '--no-peers',
  ];

  it('is read and written no more than what changed, when files are only renamed and added', async () => {
    const player = await copyInstall(pristine, stage.scene.path('renamed'));
    const idle = await countIo(...updating(player, '1.0.0'));
    const moved = await countIo(...updating(player, '1.1.0'));
    expect(await treeOf(player)).toEqual(summarizeBuild(builds['1.1.0']));
    // Out of a socket, and once more from the disk to be checked.
    expect(moved.readBytes - idle.readBytes).toBeLessThan(2 * 4 * MIB + OVERHEAD_BYTES_MAX);
    expect(moved.writtenBytes - idle.writtenBytes).toBeLessThan(4 * MIB + OVERHEAD_BYTES_MAX);
  }, 90_000);

  it('is written no more than the pieces that differ take, when a large file changes in one place', async () => {
    const { scene } = stage;
    const player = await copyInstall(pristine, scene.path('rewritten'));
    const { ino } = await stat(`${player}/data/world.pak`);
    const idle = await countIo(...updating(player, '1.0.0'));
    const moved = await countIo(...updating(player, '1.2.0'));
    expect(await treeOf(player)).toEqual(summarizeBuild(builds['1.2.0']));
    expect((await stat(`${player}/data/world.pak`)).ino).toBe(ino);
    expect(moved.writtenBytes - idle.writtenBytes).toBeLessThan(OVERHEAD_BYTES_MAX);
    expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
    await scene.succeed('swarmpatch-launcher', 'rollback', '--dir', player);
    expect(await treeOf(player)).toEqual(summarizeBuild(builds['1.0.0']));
  }, 90_000);

  it.skipIf(process.getuid?.() !== 0)(
    'takes no second copy of a large file where there is no room for one',
    async () => {
      const { scene, studio } = stage;
      const player = scene.path('small-disk');
      await mkdir(player);
      const mount = (options: string): boolean =>
        spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', player]).status === 0;
      if (!mount(`size=${64 * MIB}`)) return;
      mounts.push(player);
      await studio.install(player, '--version', '1.0.0', '--no-peers');
      const { blocks, bfree, bsize } = await statfs(player);
      const leave = (freeBytes: number): boolean => mount(`remount,size=${(blocks - bfree) * bsize + freeBytes}`);

      expect(leave(MIB / 4)).toBe(true);
      const refused = await scene.run('swarmpatch-launcher', ...updating(player, '1.2.0'));
      expect({ exitCode: refused.exitCode, code: codeOf(refused) }).toEqual({ exitCode: 1, code: 'disk_full' });
      expect(await treeOf(player)).toEqual(summarizeBuild(builds['1.0.0']));

      expect(leave(2 * MIB)).toBe(true);
      await scene.succeed('swarmpatch-launcher', ...updating(player, '1.2.0'));
      expect(await treeOf(player)).toEqual(summarizeBuild(builds['1.2.0']));
    },
    90_000,
  );
});
