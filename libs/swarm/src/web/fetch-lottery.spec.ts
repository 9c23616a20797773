import { describe, expect, it } from 'vitest';

import {
  CROWDED_PIECE_SECONDS,
  FetchLottery,
  FETCHERS_KEPT,
  IDLE_MS,
  JUDGED_AFTER_MS,
  LAST_FETCHERS,
  PIECES_PER_FETCHER,
} from './fetch-lottery.ts';
import type { WebRun } from './web-runs.ts';
import { WebSource } from './web-source.ts';

const PIECE_BYTES = 1_000_000;

/** Clients whose tickets are spread evenly. */
function crowdOf(size: number): FetchLottery[] {
  return Array.from({ length: size }, (_, client) => new FetchLottery(() => client / size));
}

function winners(crowd: readonly FetchLottery[], unavailableCount: number, nowMs = 0): number {
  const view = { unavailableCount, crowdSize: crowd.length, seenCount: crowd.length };
  return crowd.filter((lottery) => lottery.mayFetch(view, nowMs)).length;
}

function runOf(receivedBytes: number): WebRun {
  const source = new WebSource(0, 0);
  return { runId: 1, source, next: 0, end: 1, receivedBytes, startedMs: 0, lastBytesMs: 0, isJudged: false };
}

/** Of those who share one line, how many go on. */
function whoStay(clients: number, bytesPerSecond: number): number {
  const crowd = crowdOf(clients);
  winners(crowd, clients * PIECES_PER_FETCHER);
  const run = (): WebRun => runOf((bytesPerSecond * JUDGED_AFTER_MS) / 1000 / clients);
  return crowd.filter((lottery) => !lottery.givesUp(run(), PIECE_BYTES, clients, JUDGED_AFTER_MS)).length;
}

describe('FetchLottery', () => {
  it('lets everyone fetch while there is plenty, and ever fewer the less is left', () => {
    expect(winners(crowdOf(100), 100 * PIECES_PER_FETCHER)).toBe(100);
    expect(winners(crowdOf(100), 10 * PIECES_PER_FETCHER)).toBe(10);
    expect(winners(crowdOf(100), 1)).toBe(LAST_FETCHERS);
  });

  it('lets as few of a crowd fetch when most of it is out of sight', () => {
    const view = { unavailableCount: 64, crowdSize: 1_000, seenCount: 80 };
    expect(crowdOf(1_000).filter((lottery) => lottery.mayFetch(view, 0)).length).toBe(64 / PIECES_PER_FETCHER);
  });

  it('lets the same ones go on while new pieces are seen', () => {
    const crowd = crowdOf(100);
    let left = 100;
    let before = 100;
    for (let nowMs = 0; left > 10; nowMs += IDLE_MS) {
      const view = { unavailableCount: (left -= 10), crowdSize: 100, seenCount: 100 };
      const places = [...crowd.keys()].filter((client) => crowd[client]?.mayFetch(view, nowMs) === true);
      expect(places).toEqual([...places.keys()]);
      expect(places.length).toBeLessThanOrEqual(before);
      before = places.length;
    }
    expect(before).toBe(LAST_FETCHERS);
  });

  it('lets twice as many fetch whenever nothing new was seen for a while', () => {
    const crowd = crowdOf(100);
    expect(winners(crowd, 32, 0)).toBe(4);
    expect(winners(crowd, 32, IDLE_MS - 1)).toBe(4);
    expect(winners(crowd, 32, IDLE_MS)).toBe(8);
    expect(winners(crowd, 32, 2 * IDLE_MS)).toBe(16);
    expect(winners(crowd, 24, 3 * IDLE_MS)).toBe(3);
  });

  it('waits longer for news of a crowd of which it sees little', () => {
    const view = { unavailableCount: 64, crowdSize: 1_000, seenCount: 100 };
    const crowd = crowdOf(1_000);
    const count = (nowMs: number): number => crowd.filter((lottery) => lottery.mayFetch(view, nowMs)).length;
    expect(count(0)).toBe(8);
    expect(count(3 * IDLE_MS)).toBe(8);
    expect(count(8 * IDLE_MS)).toBe(16);
  });

  it.each([5, 20, 80])('lets any client of %i fetch within seconds when nobody else does', (crowdSize) => {
    const lottery = new FetchLottery(() => 0.999);
    let nowMs = 0;
    while (!lottery.mayFetch({ unavailableCount: 1, crowdSize, seenCount: crowdSize }, nowMs)) nowMs += 100;
    expect(nowMs).toBeLessThanOrEqual(6 * IDLE_MS);
  });
});

describe('FetchLottery at a crowded web seed', () => {
  it('keeps everyone who is served well', () => {
    expect(whoStay(10, (10 * PIECE_BYTES) / CROWDED_PIECE_SECONDS)).toBe(10);
  });

  it('keeps as many of a crowd as can be served well', () => {
    expect(whoStay(100, (20 * PIECE_BYTES) / CROWDED_PIECE_SECONDS)).toBe(20);
  });

  it('keeps a few however slow it is, and all of those few', () => {
    expect(whoStay(80, 1)).toBe(FETCHERS_KEPT);
    expect(whoStay(FETCHERS_KEPT, 1)).toBe(FETCHERS_KEPT);
  });

  it('judges a run once, when its rate shows', () => {
    const lottery = new FetchLottery(() => 0.99);
    lottery.mayFetch({ unavailableCount: 1_000, crowdSize: 80, seenCount: 80 }, 0);
    const run = runOf(0);
    expect(lottery.givesUp(run, PIECE_BYTES, 80, JUDGED_AFTER_MS - 1)).toBe(false);
    expect(lottery.givesUp(run, PIECE_BYTES, 80, JUDGED_AFTER_MS)).toBe(true);
    expect(lottery.givesUp(run, PIECE_BYTES, 80, JUDGED_AFTER_MS)).toBe(false);
  });

  it('lets those who gave up try again when nothing new is seen', () => {
    const crowd = crowdOf(80);
    winners(crowd, 1_000);
    for (const lottery of crowd) lottery.givesUp(runOf(0), PIECE_BYTES, 80, JUDGED_AFTER_MS);
    expect(winners(crowd, 1_000, JUDGED_AFTER_MS - 1)).toBe(FETCHERS_KEPT);
    expect(winners(crowd, 1_000, IDLE_MS)).toBe(2 * FETCHERS_KEPT);
  });
});
