import type { CommandContext } from '@swarmpatch/terminal';
import { generateBuild, nextBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Player } from '../testing/player.contract.ts';
import { AwaitedPatch } from './awaited-patch.ts';
import { PATCH_ASK_MS, PATCH_PLANNING_MS } from './patch-wait.ts';

const context: CommandContext = {
  ...{ json: true, progress: { phase: () => ({ update: () => undefined, end: () => undefined }) } },
  ...{ signal: new AbortController().signal, warn: () => undefined, emit: () => undefined, nowMs: () => 0 },
};
const first = generateBuild(1, { files: 4, largestBytes: 60_000 });

describe('AwaitedPatch', { timeout: 60_000 }, () => {
  let player: Player;
  let awaited: AwaitedPatch;
  const next = (): Promise<number> => awaited.next('1.0.0', '1.1.0', context);

  beforeAll(async () => {
    player = await Player.open(first);
    await player.install();
    await player.origin.publish(nextBuild(first, 2), '1.1.0');
    await player.run('plan');
  }, 60_000);
  beforeEach(() => {
    // A line on which the pieces take a day.
    awaited = new AwaitedPatch(player.game, { downloadBytesPerSecond: 1 });
  });
  afterAll(() => player.close());

  it('asks again for a patch that is in the making, and tells for how long', async () => {
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'running' }];
    const waitMs = await next();
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(PATCH_ASK_MS);
    expect(awaited.reasons).toEqual([
      expect.stringMatching(/^the origin makes a patch from 1\.0\.0; for \d+m .*at most$/),
    ]);
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'ready' }];
    expect(await next()).toBe(0);
    expect(awaited.reasons).toEqual([]);
  });

  it('never waits for one that failed, also when it is made once more', async () => {
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'failed', reason: 'it could not be read' }];
    expect(await next()).toBe(0);
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'waiting' }];
    expect(await next()).toBe(0);
  });

  it('does not wait where that saves next to nothing', async () => {
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'running' }];
    awaited = new AwaitedPatch(player.game, undefined);
    expect(await next()).toBe(0);
  });

  it('waits a moment for an origin that has not decided yet, and says nothing of it', async () => {
    player.origin.patchStates = [];
    const waitMs = await next();
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(PATCH_PLANNING_MS);
    expect(awaited.reasons).toEqual([]);
  });

  it('does not wait for an origin that tells nothing of patches, or is away, but for one that goes away meanwhile', async () => {
    player.origin.patchStates = undefined;
    expect(await next()).toBe(0);
    player.origin.patchStates = [{ from: '1.0.0', to: '1.1.0', state: 'running' }];
    awaited = new AwaitedPatch(player.game, { downloadBytesPerSecond: 1 });
    expect(await next()).toBeGreaterThan(0);
    await player.origin.close();
    expect(await next()).toBeGreaterThan(0);
    expect(await new AwaitedPatch(player.game, undefined).next('1.0.0', '1.1.0', context)).toBe(0);
  });
});
