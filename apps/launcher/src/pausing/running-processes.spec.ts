import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { findRunning, parseTaskList } from './running-processes.ts';

describe('findRunning()', () => {
  it.runIf(process.platform === 'linux')('finds a program while it runs, by the whole of its name', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'processes-'));
    const name = `starfall-with-a-long-name-${process.pid}`;
    await copyFile('/bin/sleep', join(scratch, name));
    const game = spawn(join(scratch, name), ['60']);
    const ended = new Promise((resolve) => game.once('exit', resolve));
    try {
      await new Promise((resolve) => game.once('spawn', resolve));
      expect(await findRunning(['no-such-game', `${name.toUpperCase()}.exe`])).toBe(`${name.toUpperCase()}.exe`);
      expect(await findRunning([name.slice(0, -1)])).toBeUndefined();
    } finally {
      game.kill();
      await ended;
      await rm(scratch, { recursive: true });
    }
    expect(await findRunning([name])).toBeUndefined();
  });

  it('reads the list of Windows', () => {
    const csv = '"System Idle Process","0","Services","0","8 K"\r\n"Starfall.exe","4120","Console","1","812,004 K"\r\n';
    expect(parseTaskList(csv)).toEqual(['system idle process', 'starfall']);
    expect(parseTaskList('INFO: No tasks are running')).toEqual([]);
  });
});
