import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type AnnounceStep,
  AnnounceTiers,
  TRACKER_BACK_OFF_MS_MAX,
  TRACKER_INTERVAL_SECONDS_MAX,
  TRACKER_INTERVAL_SECONDS_MIN,
  TRACKER_PATIENCE_MS,
  TRACKERS_PER_TORRENT_MAX,
} from './announce-tiers.ts';

/** Neither shuffles nor jitters. */
const still = (): number => 0.5;
const keepOrder = (): number => 0.999_999;
const answer = { intervalSeconds: 900, isLonely: false };
const HOUR_MS = 3_600_000;

/** A clock and trackers that answer, fail or stay silent at once. */
class World {
  nowMs = 0;
  readonly heard: string[] = [];
  readonly failing: Map<string, number | 'never' | undefined> = new Map();
  readonly tiers: AnnounceTiers;

  constructor(tiers: readonly (readonly string[])[], random: () => number = still) {
    this.tiers = new AnnounceTiers(tiers, random);
  }

  /** Runs until there is nothing to do before `untilMs`. */
  runUntil(untilMs: number): void {
    for (;;) {
      const step = this.tiers.next(this.nowMs);
      if (step.kind === 'announce') this.#announce(step);
      else if (step.kind === 'wait' && step.untilMs <= untilMs) this.nowMs = step.untilMs;
      else break;
    }
    this.nowMs = untilMs;
  }

  take(): string[] {
    return this.heard.splice(0);
  }

  #announce({ url, event }: Extract<AnnounceStep, { kind: 'announce' }>): void {
    this.heard.push(event === undefined ? url : `${url} ${event}`);
    if (this.failing.has(url)) this.tiers.failed(url, this.failing.get(url), this.nowMs);
    else this.tiers.answered(url, answer, this.nowMs);
  }
}

describe('AnnounceTiers', () => {
  it('tells one tracker each interval, of the first tier that answers', () => {
    const world = new World([['a'], ['b'], ['c']]);
    world.failing.set('a', undefined);
    world.runUntil(0);
    expect(world.take()).toEqual(['a started', 'b started']);
    world.runUntil(900_000 - 1);
    expect(world.take()).toEqual([]);
    world.runUntil(900_000);
    expect(world.take()).toEqual(['a started', 'b']);
    world.failing.clear();
    world.runUntil(1_800_000);
    expect(world.take()).toEqual(['a started']);
    expect(world.tiers.farewells()).toEqual(['a', 'b']);
  });

  it('keeps who answers at the front of its tier', () => {
    const world = new World([['a', 'b', 'c'], ['d']], keepOrder);
    for (const url of ['a', 'b']) world.failing.set(url, undefined);
    world.runUntil(0);
    expect(world.take()).toEqual(['a started', 'b started', 'c started']);
    world.failing.clear();
    world.runUntil(1_000_000);
    expect(world.take()).toEqual(['c']);
  });

  it('shuffles each tier, and no tracker out of it', () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const world = new World([['a', 'b', 'c'], ['d']], () => (seed * 0.37 + 0.1) % 1);
      for (const url of ['a', 'b', 'c']) world.failing.set(url, undefined);
      world.runUntil(0);
      const heard = world.take();
      expect(heard.slice(0, 3).sort()).toEqual(['a started', 'b started', 'c started']);
      expect(heard[3]).toBe('d started');
      firsts.add(heard[0] ?? '');
    }
    expect(firsts).toEqual(new Set(['a started', 'b started', 'c started']));
  });

  it('waits longer after each failure, to a limit', () => {
    const world = new World([['a']]);
    world.failing.set('a', undefined);
    const asked: number[] = [];
    for (let round = 0; round < 14; round += 1) {
      const before = world.nowMs;
      expect(world.tiers.next(world.nowMs)).toMatchObject({ kind: 'announce', event: 'started' });
      world.tiers.failed('a', undefined, world.nowMs);
      const step = world.tiers.next(world.nowMs);
      world.nowMs = step.kind === 'wait' ? step.untilMs : expect.fail();
      asked.push(world.nowMs - before);
    }
    expect(asked.slice(0, 3)).toEqual([5000, 10_000, 20_000]);
    expect(asked.at(-1)).toBe(TRACKER_BACK_OFF_MS_MAX);
  });

  it('comes again when a refusal says so, or never', () => {
    const world = new World([['a'], ['b'], ['c']]);
    world.failing.set('a', 1800).set('b', 'never');
    world.runUntil(0);
    expect(world.take()).toEqual(['a started', 'b started', 'c started']);
    world.runUntil(1_700_000);
    expect(world.take()).toEqual(['c']);
    world.runUntil(1_800_000);
    expect(world.take()).toEqual(['a started', 'c']);
    world.failing.set('a', 'never').set('c', 'never');
    world.runUntil(3 * HOUR_MS);
    expect(world.tiers.next(world.nowMs)).toEqual({ kind: 'none' });
  });

  it('says once, and at once, that the download completed', () => {
    const world = new World([['a']]);
    world.runUntil(1000);
    world.tiers.completed(world.nowMs);
    world.runUntil(2000);
    expect(world.take()).toEqual(['a started', 'a completed']);
    world.runUntil(HOUR_MS);
    expect(world.take()).toEqual(['a', 'a', 'a']);
  });

  it('says so later when the completion came during an announce, or while a tracker failed', () => {
    const world = new World([['a']]);
    world.runUntil(0);
    world.runUntil(900_000 - 1);
    world.nowMs = 900_000;
    expect(world.tiers.next(world.nowMs)).toMatchObject({ event: undefined });
    world.tiers.completed(world.nowMs);
    world.tiers.answered('a', answer, world.nowMs);
    expect(world.tiers.next(world.nowMs)).toMatchObject({ event: 'completed' });
    world.tiers.failed('a', undefined, world.nowMs);
    world.take();
    world.runUntil(world.nowMs + 5000);
    expect(world.take()).toEqual(['a completed']);
  });

  it('says so when the completion came while the first tracker was told of the start', () => {
    const world = new World([['a']]);
    expect(world.tiers.next(0)).toMatchObject({ event: 'started' });
    world.tiers.completed(0);
    world.tiers.answered('a', answer, 0);
    expect(world.tiers.next(0)).toMatchObject({ event: 'completed' });
  });

  it('reports no completion of what was complete before any tracker knew', () => {
    const world = new World([['a']]);
    world.tiers.completed(0);
    world.runUntil(HOUR_MS);
    expect(world.take()).toEqual(['a started', 'a', 'a', 'a', 'a']);
  });

  it('asks the next while one is silent, and takes both answers', () => {
    const tiers = new AnnounceTiers([['a'], ['b']], still);
    expect(tiers.next(0)).toMatchObject({ url: 'a' });
    expect(tiers.next(0)).toEqual({ kind: 'wait', untilMs: TRACKER_PATIENCE_MS });
    expect(tiers.next(TRACKER_PATIENCE_MS)).toMatchObject({ url: 'b' });
    expect(tiers.next(60_000)).toEqual({ kind: 'wait', untilMs: Infinity });
    expect(tiers.farewells()).toEqual(['a', 'b']);
    tiers.answered('b', answer, 6000);
    tiers.answered('a', answer, 7000);
    expect(tiers.farewells()).toEqual(['a', 'b']);
    expect(tiers.next(8000)).toEqual({ kind: 'wait', untilMs: 907_000 });
  });

  it('keeps intervals within limits, and asks sooner while lonely, if it may', () => {
    const waitAfter = (given: Parameters<AnnounceTiers['answered']>[1]): number => {
      const tiers = new AnnounceTiers([['a']], still);
      tiers.next(0);
      tiers.answered('a', given, 0);
      const step = tiers.next(0);
      return step.kind === 'wait' ? step.untilMs / 1000 : expect.fail();
    };
    expect(waitAfter({ intervalSeconds: 0, isLonely: false })).toBe(TRACKER_INTERVAL_SECONDS_MIN);
    expect(waitAfter({ intervalSeconds: 1e9, isLonely: false })).toBe(TRACKER_INTERVAL_SECONDS_MAX);
    expect(waitAfter({ intervalSeconds: 900, isLonely: true })).toBe(15);
    expect(waitAfter({ intervalSeconds: 900, minIntervalSeconds: 300, isLonely: true })).toBe(300);
    expect(waitAfter({ intervalSeconds: 60, minIntervalSeconds: 1e9, isLonely: true })).toBe(
      TRACKER_INTERVAL_SECONDS_MAX,
    );
  });

  it('bounds the trackers of a torrent', () => {
    const world = new World(Array.from({ length: 1000 }, (_, index) => [`t${index}`, 'same']));
    for (let index = 0; index < 1000; index += 1) world.failing.set(`t${index}`, 'never');
    world.failing.set('same', 'never');
    world.runUntil(0);
    expect(world.take()).toHaveLength(TRACKERS_PER_TORRENT_MAX);
  });

  it('never asks a tracker twice at once, nor too early, whatever happens', () => {
    const outcome = fc.record({
      kind: fc.constantFrom('answered', 'failed', 'completed', 'later'),
      pick: fc.nat(9),
      seconds: fc.nat(2000),
    });
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), fc.integer(), (outcomes, seed) => {
        let state = seed >>> 0;
        const random = (): number => (state = (state * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
        const tiers = new AnnounceTiers([['a', 'b'], ['c'], ['d', 'a']], random);
        const asked = new Set<string>();
        let nowMs = 0;
        for (const { kind, pick, seconds } of outcomes) {
          const step = tiers.next(nowMs);
          if (step.kind === 'announce') {
            expect(asked.has(step.url)).toBe(false);
            asked.add(step.url);
          } else if (step.kind === 'wait') {
            expect(step.untilMs).toBeGreaterThan(nowMs);
          }
          const url = [...asked][pick % Math.max(asked.size, 1)];
          if (kind === 'later') nowMs += seconds * 1000;
          if (kind === 'completed') tiers.completed(nowMs);
          if (url === undefined || (kind !== 'answered' && kind !== 'failed')) continue;
          asked.delete(url);
          if (kind === 'answered') tiers.answered(url, { intervalSeconds: seconds, isLonely: pick > 5 }, nowMs);
          else tiers.failed(url, pick === 0 ? 'never' : seconds, nowMs);
        }
      }),
    );
  });
});
