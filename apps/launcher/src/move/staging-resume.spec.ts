import { spawnSync } from 'node:child_process';
import { open, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { generateBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Player } from '../testing/player.contract.ts';

const build = generateBuild(1, { files: 8, largestBytes: 400_000 });
const WRONG_ON_DISK = /staged pieces are not as they were written/;

describe('an install that goes on', () => {
  let player: Player;

  beforeEach(async () => {
    player = await Player.open(build);
    const { origin } = player;
    // It lacks a piece, and so comes to no end.
    origin.corrupt('1.0.0', 200_000);
    expect((await player.install(['--timeout', '2'])).exitCode).toBe(1);
    origin.corrupt('1.0.0', 200_000);
    origin.streamedBytes = 0;
  });
  afterEach(() => player.close());

  /** Another byte in the largest staged file, which has its pieces. */
  async function damageStaged(then: 'restore_time' | 'leave_time'): Promise<void> {
    const content = player.pathOf('.swarmpatch/staging/content');
    const sizes = await Promise.all(
      (await readdir(content)).map(async (name) => ({ name, ...(await stat(join(content, name))) })),
    );
    const [largest] = sizes.sort((a, b) => b.blocks - a.blocks || b.size - a.size);
    const path = join(content, largest?.name ?? '');
    const like = join(player.scratch, 'like');
    await writeFile(like, '');
    // Node puts no nanoseconds back.
    spawnSync('touch', ['-r', path, like]);
    const handle = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, 0);
    await handle.write(Buffer.of(~(byte[0] ?? 0) & 0xff), 0, 1, 0);
    await handle.close();
    if (then === 'restore_time') spawnSync('touch', ['-r', like, path]);
    else await utimes(path, 1, 1);
  }

  async function expectWhole(): Promise<void> {
    expect(await player.treeOf()).toEqual(summarizeBuild(build));
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('staging');
  }

  it('reads a staged file that has another time', async () => {
    await damageStaged('leave_time');
    const { exitCode, errors } = await player.install();
    expect(exitCode).toBe(0);
    expect(errors).not.toMatch(WRONG_ON_DISK);
    await expectWhole();
  });

  it('does not read what has not changed, and finds before the commit what was made to look so', async () => {
    await damageStaged('restore_time');
    const { exitCode, errors } = await player.install();
    expect(exitCode).toBe(0);
    expect(errors).toMatch(WRONG_ON_DISK);
    await expectWhole();
  });
});
