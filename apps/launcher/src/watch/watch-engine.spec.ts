import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  HINT_SPREAD_MS_MAX,
  LOOK_GAP_MS_MIN,
  type Permissions,
  POLL_BESIDE_STREAM_MS,
  POLL_MS,
  type Standing,
  WatchEngine,
} from './watch-engine.ts';

const FREE: Permissions = { transfer: true, change: true };
const PLAYING: Permissions = { transfer: true, change: false };
const PAUSED: Permissions = { transfer: false, change: false };

const standing = (installed: string | undefined, wanted: string): Standing => ({ installed, wanted, suspect: false });

describe('WatchEngine', () => {
  let engine: WatchEngine;
  let nowMs: number;
  beforeEach(() => {
    nowMs = 5_000;
    engine = new WatchEngine(nowMs, () => 1);
  });

  const step = (permissions = FREE) => engine.step(nowMs, permissions);

  it('looks first, moves to what the channel names, and then looks from time to time', () => {
    expect(step()).toEqual({ kind: 'look' });
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect(step()).toEqual({ kind: 'move', version: '1.1.0' });
    engine.moved('placed', nowMs);
    expect(engine.pending).toBeUndefined();
    expect(step()).toEqual({ kind: 'wait', forMs: POLL_MS });
    nowMs += POLL_MS;
    expect(step()).toEqual({ kind: 'look' });
  });

  it('goes on with an install that never became whole, and mends one in doubt', () => {
    engine.looked(standing(undefined, '1.0.0'), nowMs);
    expect(step()).toEqual({ kind: 'move', version: '1.0.0' });
    engine.looked({ ...standing('1.0.0', '1.0.0'), suspect: true }, nowMs);
    expect(step()).toEqual({ kind: 'move', version: '1.0.0' });
  });

  it('looks soon after a hint, but not all launchers at once, and never more often than every two seconds', () => {
    engine.looked(standing('1.0.0', '1.0.0'), nowMs);
    nowMs += 10_000;
    engine.hinted(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: HINT_SPREAD_MS_MAX });
    nowMs += HINT_SPREAD_MS_MAX;
    expect(step()).toEqual({ kind: 'look' });
    engine.looked(standing('1.0.0', '1.0.0'), nowMs);
    for (let hint = 0; hint < 1000; hint += 1) engine.hinted(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: LOOK_GAP_MS_MIN });
  });

  it('asks rarely while a stream is open, and soon after it has closed', () => {
    engine.streamOpened(nowMs);
    engine.looked(standing('1.0.0', '1.0.0'), nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: POLL_BESIDE_STREAM_MS });
    engine.streamClosed(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: POLL_MS });
  });

  it('waits as long as failures say while the origin is away', () => {
    engine.streamOpened(nowMs);
    engine.streamClosed(nowMs);
    for (let failure = 0; failure < 20; failure += 1) engine.lookFailed(nowMs);
    engine.streamClosed(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: 5 * 60_000 });
  });

  it('brings what is new beside the install while the game runs, and puts it into place when the game has ended', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect(step(PLAYING)).toEqual({ kind: 'move', version: '1.1.0' });
    engine.moved('staged', nowMs);
    expect(engine.isStaged).toBe(true);
    expect(step(PLAYING)).toEqual({ kind: 'wait', forMs: POLL_MS });
    expect(step(FREE)).toEqual({ kind: 'move', version: '1.1.0' });
  });

  it('brings the next release when the channel moves on before the last one is in place', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    engine.moved('staged', nowMs);
    engine.looked(standing('1.0.0', '1.2.0'), nowMs);
    expect(step(PLAYING)).toEqual({ kind: 'move', version: '1.2.0' });
  });

  it('moves nothing while transfers are paused', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect(step(PAUSED)).toMatchObject({ kind: 'wait' });
  });

  it('tries again after failures, later each time, and at once when the origin or the network is back', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect([engine.moveFailed(nowMs), engine.moveFailed(nowMs)]).toEqual([5_000, 10_000]);
    expect(step()).toEqual({ kind: 'wait', forMs: 10_000 });
    for (let failure = 0; failure < 40; failure += 1) engine.moveFailed(nowMs);
    expect(engine.moveFailed(nowMs)).toBe(30 * 60_000);
    engine.streamOpened(nowMs);
    expect(step()).toEqual({ kind: 'move', version: '1.1.0' });
    expect(engine.lookFailed(nowMs)).toBe(2_000);
    engine.disturbed(nowMs);
    expect(step()).toEqual({ kind: 'look' });
  });

  it('goes on from where another launcher left the install', () => {
    engine.looked(standing('1.0.0', '1.0.0'), nowMs);
    engine.touched(nowMs);
    expect(step()).toEqual({ kind: 'look' });
    engine.looked(standing('1.1.0', '1.1.0'), nowMs);
    expect(engine.pending).toBeUndefined();
  });

  it('leaves somebody alone who went back, until the channel names another release', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    engine.moved('placed', nowMs);
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect(engine.pending).toBeUndefined();
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    expect(engine.pending).toBeUndefined();
    engine.looked(standing('1.0.0', '1.2.0'), nowMs);
    expect(engine.pending).toBe('1.2.0');
  });

  it('waits for a patch, looks for it soon after a hint and not too often, and hears none while it waits for nothing', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    engine.deferred(20_000, nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: 20_000 });
    for (let hint = 0; hint < 1000; hint += 1) engine.patchHinted(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: LOOK_GAP_MS_MIN });
    nowMs += LOOK_GAP_MS_MIN;
    expect(step()).toEqual({ kind: 'move', version: '1.1.0' });
    const failedMs = engine.moveFailed(nowMs);
    engine.patchHinted(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: failedMs });
  });

  it('goes for the next release at once while it waits for a patch to the last one', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    engine.deferred(20_000, nowMs);
    engine.looked(standing('1.0.0', '1.2.0'), nowMs);
    expect(step()).toEqual({ kind: 'move', version: '1.2.0' });
  });

  it('waits for another launcher that is at work, and does not count that as a failure', () => {
    engine.looked(standing('1.0.0', '1.1.0'), nowMs);
    engine.touched(nowMs);
    engine.busy(nowMs);
    expect(step()).toEqual({ kind: 'wait', forMs: 2_000 });
    expect(engine.moveFailed(nowMs)).toBe(5_000);
  });

  it('gets to what the channel names, and never asks too often, whatever happens before', () => {
    const version = fc.constantFrom('1.0.0', '1.1.0', '1.2.0');
    const happening = fc.oneof(
      fc.tuple(fc.constant('sleep'), fc.nat(600_000)),
      fc.tuple(fc.constantFrom('hint', 'open', 'close', 'disturb', 'touch', 'busy'), fc.constant(0)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(happening, version, fc.boolean()), { maxLength: 60 }), (happenings) => {
        nowMs = 0;
        engine = new WatchEngine(nowMs, () => 0.5);
        let installed = '1.0.0';
        const run = (wanted: string, fails: boolean): void => {
          for (let turn = 0; turn < 8; turn += 1) {
            const next = step();
            if (next.kind === 'wait') {
              expect(next.forMs).toBeGreaterThan(0);
              return;
            }
            if (next.kind === 'look') {
              if (fails) engine.lookFailed(nowMs);
              else engine.looked(standing(installed, wanted), nowMs);
            } else if (fails) engine.moveFailed(nowMs);
            else {
              installed = next.version;
              engine.moved('placed', nowMs);
            }
          }
          throw new Error('it goes on without a wait');
        };
        for (const [[kind, forMs], wanted, fails] of happenings) {
          nowMs += forMs;
          if (kind === 'hint') engine.hinted(nowMs);
          if (kind === 'open') engine.streamOpened(nowMs);
          if (kind === 'close') engine.streamClosed(nowMs);
          if (kind === 'disturb') engine.disturbed(nowMs);
          if (kind === 'touch') engine.touched(nowMs);
          if (kind === 'busy') engine.busy(nowMs);
          run(wanted, fails);
        }
        nowMs += 60 * 60_000;
        run('1.3.0', false);
        expect(installed).toBe('1.3.0');
      }),
    );
  });
});
