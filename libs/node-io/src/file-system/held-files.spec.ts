import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskFileSystem } from './disk-file-system.ts';
import { HELD_FILE_WAITS_MS, untilFree } from './held-files.ts';

const refusal = (code: string): Error => Object.assign(new Error(code), { code });

describe('untilFree()', () => {
  function holder(code: string, times: number) {
    const attempts: number[] = [];
    const work = async (): Promise<string> => {
      attempts.push(attempts.length);
      if (attempts.length <= times) throw refusal(code);
      return 'done';
    };
    const slept: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      slept.push(milliseconds);
    };
    return { work, slept, patience: { waitsMs: HELD_FILE_WAITS_MS, sleep } };
  }

  it.each(['EBUSY', 'EPERM', 'EACCES'])('waits longer and longer while %s is said', async (code) => {
    const { work, slept, patience } = holder(code, 3);
    expect(await untilFree(work, patience)).toBe('done');
    expect(slept).toEqual(HELD_FILE_WAITS_MS.slice(0, 3));
  });

  it('gives up after the last wait with what was said', async () => {
    const { work, slept, patience } = holder('EBUSY', 100);
    await expect(untilFree(work, patience)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(slept).toEqual(HELD_FILE_WAITS_MS);
  });

  it('does not wait for what no waiting mends', async () => {
    const { work, slept, patience } = holder('ENOSPC', 1);
    await expect(untilFree(work, patience)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(slept).toEqual([]);
  });
});

describe('a file system with patience', () => {
  it.runIf(process.getuid?.() === 0)('replaces and removes a file once its holder lets go', async (test) => {
    const root = await mkdtemp(join(tmpdir(), 'swarmpatch-held-'));
    try {
      const held = join(root, 'held');
      const hold = (option: '+i' | '-i') => spawnSync('chattr', [option, held]).status === 0;
      const sleep = async (): Promise<void> => {
        hold('-i');
      };
      const files = new DiskFileSystem(root, { waitsMs: [1], sleep });
      await writeFile(held, 'old');
      await writeFile(join(root, 'next'), 'new');
      if (!hold('+i')) return test.skip('this disk has no immutable files');
      await files.rename('next', 'held');
      expect(await readFile(held, 'utf8')).toBe('new');
      hold('+i');
      expect(await files.remove('held')).toBe(true);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
