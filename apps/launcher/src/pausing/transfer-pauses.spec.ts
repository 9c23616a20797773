import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TransferSession } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { TransferPauses } from './transfer-pauses.ts';

describe('TransferPauses', () => {
  let session: TransferSession;
  let pauses: TransferPauses | undefined;
  const told: string[] = [];
  const context: CommandContext = {
    json: true,
    progress: { phase: () => ({ update: () => undefined, end: () => undefined }) },
    signal: new AbortController().signal,
    warn: (text) => told.push(text),
    emit: () => undefined,
    nowMs: () => performance.now(),
  };

  beforeEach(async () => {
    told.length = 0;
    session = await TransferSession.open({ peerUse: 'avoid' });
  });

  afterEach(async () => {
    pauses?.stop();
    await session.close();
  });

  it.runIf(process.platform === 'linux')('pauses while the game runs, and goes on when it has ended', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'pauses-'));
    const name = `starfall-${process.pid}`;
    await copyFile('/bin/sleep', join(scratch, name));
    const game = spawn(join(scratch, name), ['60']);
    try {
      await new Promise((resolve) => game.once('spawn', resolve));
      pauses = await TransferPauses.start(session, { schedule: [], pauseWhile: [name] }, context);
      expect(session.pausedBy).toEqual(['game']);
      expect(pauses.reasons).toEqual([`${name} runs`]);
    } finally {
      game.kill();
      await rm(scratch, { recursive: true });
    }
    await expect.poll(() => session.pausedBy, { timeout: 10_000 }).toEqual([]);
    expect(told).toHaveLength(2);
  });

  it('pauses out of the schedule before anything is transferred', async () => {
    const minute = new Date().getHours() * 60 + new Date().getMinutes();
    const schedule = [{ fromMinute: (minute + 120) % 1440, toMinute: (minute + 180) % 1440 }];
    pauses = await TransferPauses.start(session, { schedule, pauseWhile: [] }, context);
    expect(session.pausedBy).toEqual(['schedule']);
  });

  it('leaves a session alone that has no rules', async () => {
    pauses = await TransferPauses.start(session, { schedule: [], pauseWhile: [] }, context);
    expect(session.pausedBy).toEqual([]);
    expect(told).toEqual([]);
  });
});
