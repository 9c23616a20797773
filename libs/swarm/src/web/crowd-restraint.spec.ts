import { describe, expect, it } from 'vitest';

import { CROWDED_PIECE_SECONDS, CrowdRestraint, FETCHERS_KEPT, JUDGED_AFTER_MS } from './crowd-restraint.ts';
import type { WebRun } from './web-runs.ts';
import { WebSource } from './web-source.ts';

const PIECE_BYTES = 1_000_000;

function runOf(receivedBytes: number): WebRun {
  const source = new WebSource(0, 0);
  return { runId: 1, source, next: 0, end: 1, receivedBytes, startedMs: 0, lastBytesMs: 0, isJudged: false };
}

/** Of so many clients that share one line, how many go on. */
function whoStay(clients: number, bytesPerSecond: number): number {
  let count = 0;
  for (let client = 0; client < clients; client += 1) {
    const restraint = new CrowdRestraint(() => client / clients);
    const run = runOf((bytesPerSecond * JUDGED_AFTER_MS) / 1000 / clients);
    if (!restraint.givesUp(run, PIECE_BYTES, clients - 1, JUDGED_AFTER_MS)) count += 1;
  }
  return count;
}

describe('CrowdRestraint', () => {
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
    const restraint = new CrowdRestraint(() => 0.99);
    const run = runOf(0);
    expect(restraint.givesUp(run, PIECE_BYTES, 79, JUDGED_AFTER_MS - 1)).toBe(false);
    expect(restraint.givesUp(run, PIECE_BYTES, 79, JUDGED_AFTER_MS)).toBe(true);
    expect(restraint.givesUp(run, PIECE_BYTES, 79, JUDGED_AFTER_MS)).toBe(false);
  });

  it('pauses longer with each time, until a piece comes', () => {
    const restraint = new CrowdRestraint(() => 0.99);
    const pauseMs = (): number => {
      restraint.givesUp(runOf(0), PIECE_BYTES, 79, JUDGED_AFTER_MS);
      let endMs = JUDGED_AFTER_MS;
      while (restraint.isPaused(endMs)) endMs += 100;
      return endMs - JUDGED_AFTER_MS;
    };
    const first = pauseMs();
    expect(pauseMs()).toBeGreaterThan(first * 1.8);
    restraint.delivered();
    expect(pauseMs()).toBe(first);
  });
});
