import { PieceGeometry } from '@swarmpatch/metainfo';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand, WebRun } from '../command.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { plainSwarm } from '../plain-swarm.contract.ts';
import type { Swarm } from '../swarm.ts';
import type { SwarmOptions } from '../swarm-options.ts';
import { RUN_BYTES_MIN } from './run-planner.ts';
import { URGENT_PRIORITY } from './urgent-pieces.ts';
import { BACK_OFF_MAX_MS, WEB_SEED_BAD_RUNS_MAX } from './web-source.ts';

const PIECE = 65_536;
const PIECES = 512;
const layout = new BlockLayout(
  new PieceGeometry([{ lengthBytes: PIECES * PIECE, offsetBytes: 0 }], PIECE, PIECES * PIECE),
);
/** An engine with web seeds that a test answers for. */
class Harness {
  readonly swarm: Swarm;
  nowMs = 0;
  #wanted: SwarmCommand[] = [];

  constructor(options: Partial<SwarmOptions> = {}) {
    this.swarm = plainSwarm({
      layout,
      webSeedCount: 1,
      ...options,
    });
  }

  /** What the engine wants after so long. */
  after(waitMs: number): SwarmCommand[] {
    this.nowMs += waitMs;
    this.swarm.tick(this.nowMs);
    return [...this.#wanted.splice(0), ...this.swarm.drain(this.nowMs)];
  }

  runsAfter(waitMs: number): WebRun[] {
    return this.after(waitMs).filter((command) => command.kind === 'fetch');
  }

  /** All pieces of a run come, and are what the test says. */
  serve(run: WebRun, result: 'good' | 'bad' = 'good', pieces: number = run.pieceCount): void {
    for (let piece = run.firstPiece; piece < run.firstPiece + pieces; piece += 1) {
      this.swarm.webBytesReceived(run.runId, PIECE, this.nowMs);
      this.swarm.webPieceReceived(run.runId, piece, new Uint8Array(PIECE));
      for (const command of this.swarm.drain(this.nowMs)) {
        if (command.kind === 'verify') this.swarm.pieceVerified(command.piece, result, this.nowMs);
        else this.#wanted.push(command);
      }
      if (result === 'good') this.swarm.pieceWritten(piece, this.nowMs);
    }
    if (pieces === run.pieceCount) this.swarm.webRunEnded(run.runId, this.nowMs);
  }

  connectSeed(): number {
    const peer = this.connectEmpty();
    this.swarm.messageReceived(peer, { kind: 'have_all' }, this.nowMs);
    return peer;
  }

  /** A peer that has nothing so far. */
  connectEmpty(): number {
    const capabilities = { extensions: true, fast: true, v2: true };
    const peer = this.swarm.peerConnected(
      { peerId: '01'.repeat(20), capabilities, direction: 'incoming', host: '10.0.0.1' },
      this.nowMs,
    );
    if (typeof peer === 'string') throw new Error(peer);
    return peer;
  }
}

function onlyRun(runs: readonly WebRun[]): WebRun {
  const [run] = runs;
  if (!run) throw new Error('no run was started');
  return run;
}

describe('WebSeeds', () => {
  // libtorrent#1405
  it('asks for half a MiB at once, or up to the end of a gap, however slow the web seed is', () => {
    const harness = new Harness();
    const asked = new Set([-1, PIECES]);
    for (let runs = harness.runsAfter(0); runs.length > 0; runs = harness.runsAfter(0)) {
      for (const { firstPiece, pieceCount } of runs)
        for (let piece = firstPiece; piece < firstPiece + pieceCount; piece += 1) asked.add(piece);
      for (const run of runs) {
        const isGapEnd = asked.has(run.firstPiece + run.pieceCount);
        if (!isGapEnd) expect(run.pieceCount * PIECE).toBeGreaterThanOrEqual(RUN_BYTES_MIN);
        harness.nowMs += 30_000;
        harness.serve(run);
      }
    }
    expect(harness.swarm.isComplete).toBe(true);
  });

  // transmission#2909
  it('leaves a busy server alone for as long as it asked, and not a moment less', () => {
    const harness = new Harness();
    for (const { runId } of harness.runsAfter(0)) harness.swarm.webRunFailed(runId, 120_000, 0);
    for (let second = 1; second < 120; second += 1) expect(harness.runsAfter(1_000)).toEqual([]);
    expect(harness.runsAfter(31_000)).not.toEqual([]);
  });

  it('asks a failing server less and less often, and again after a minute or so at the latest', () => {
    const harness = new Harness();
    const askedMs: number[] = [];
    while (harness.nowMs < 600_000) {
      for (const { runId } of harness.runsAfter(100)) {
        askedMs.push(harness.nowMs);
        harness.swarm.webRunFailed(runId, undefined, harness.nowMs);
      }
    }
    const waits = askedMs.slice(2).map((ms, index) => ms - (askedMs[index + 1] ?? 0));
    expect(askedMs.length).toBeLessThan(20);
    expect(Math.max(...waits)).toBeLessThanOrEqual(BACK_OFF_MAX_MS * 1.3);
    expect(waits.slice(-3).every((waitMs) => waitMs > BACK_OFF_MAX_MS / 2)).toBe(true);
  });

  it('spreads the return of clients that were refused together', () => {
    const returns = [0.1, 0.5, 0.9].map((random) => {
      const harness = new Harness({ random: () => random });
      for (const { runId } of harness.runsAfter(0)) harness.swarm.webRunFailed(runId, 30_000, 0);
      while (harness.runsAfter(10).length === 0);
      return harness.nowMs;
    });
    expect(new Set(returns).size).toBe(3);
  });

  it('goes on with one web seed while another is refused', () => {
    const harness = new Harness({ webSeedCount: 2 });
    const runs = harness.runsAfter(0);
    for (const { runId } of runs.filter(({ webSeed }) => webSeed === 0))
      harness.swarm.webRunFailed(runId, undefined, 0);
    for (const run of runs.filter(({ webSeed }) => webSeed === 1)) harness.serve(run);
    expect(new Set(harness.runsAfter(100).map(({ webSeed }) => webSeed))).toEqual(new Set([1]));
  });

  it('leaves the start to others of a crowd that a tracker counts, and does not wait for those who are not there', () => {
    const harness = new Harness();
    harness.swarm.leechersCounted(1_000, 0);
    const capabilities = { extensions: true, fast: true, v2: true };
    const other = { peerId: '01'.repeat(20), capabilities, direction: 'incoming', host: '10.0.0.1' } as const;
    harness.swarm.peerConnected(other, 0);
    let runs = harness.runsAfter(0);
    expect(runs).toEqual([]);
    while (runs.length === 0) runs = harness.runsAfter(100);
    expect(harness.nowMs).toBeLessThanOrEqual(5_000);
  });

  it('begins and ends runs where others of a crowd do, so that a cache is asked for the same ranges', () => {
    const stepPieces = 2;
    for (const draw of [0.13, 0.37, 0.71, 0.99]) {
      const harness = new Harness({ random: () => draw });
      harness.connectEmpty();
      const ends = new Set([0, PIECES]);
      for (let runs = 0; runs < 8; runs += 1) {
        const run = onlyRun(harness.runsAfter(777));
        const end = run.firstPiece + run.pieceCount;
        expect(run.firstPiece % stepPieces).toBe(0);
        expect(end % stepPieces).toBe(0);
        ends.add(end);
        harness.nowMs += 500 + runs * 333;
        harness.serve(run);
      }
      expect(ends.size).toBeGreaterThan(3);
    }
  });

  it('ends a run before a piece that a peer is asked for', () => {
    const harness = new Harness({ wanted: firstPieces(8) });
    const run = onlyRun(harness.runsAfter(0));
    const seed = harness.connectSeed();
    harness.swarm.messageReceived(seed, { kind: 'unchoke' }, harness.nowMs);
    const commands = harness.swarm.drain(harness.nowMs);
    const taken = commands.flatMap((command) =>
      command.kind === 'send' && command.message.kind === 'request' && command.message.piece >= run.firstPiece
        ? [command.message.piece]
        : [],
    );
    expect(taken.length).toBeGreaterThan(0);
    const ends = commands.flatMap((command) => (command.kind === 'shorten_fetch' ? [command.endPiece] : []));
    expect(ends.at(-1)).toBe(Math.min(...taken));
  });

  it('asks a higher tier only while the lower one brings nothing', () => {
    const harness = new Harness({ webSeedCount: 2, webSeedTiers: [1, 0] });
    const first = harness.runsAfter(0);
    expect(new Set(first.map(({ webSeed }) => webSeed))).toEqual(new Set([1]));
    for (const { runId } of first) harness.swarm.webRunFailed(runId, 60_000, harness.nowMs);
    const second = harness.runsAfter(100);
    expect(new Set(second.map(({ webSeed }) => webSeed))).toEqual(new Set([0]));
  });

  it('gives a faster web seed a part of what a slow one still holds', () => {
    const harness = new Harness({ webSeedCount: 2, wanted: firstPieces(64) });
    const runs = harness.runsAfter(0);
    const slow = runs.filter(({ webSeed }) => webSeed === 0);
    for (let second = 0; second < 6; second += 1) {
      harness.nowMs += 1_000;
      for (const { runId } of slow) harness.swarm.webBytesReceived(runId, 1_000, harness.nowMs);
    }
    for (const run of runs.filter(({ webSeed }) => webSeed === 1)) harness.serve(run);
    const commands = harness.after(0);
    expect(commands.some(({ kind }) => kind === 'shorten_fetch')).toBe(true);
    expect(commands).toContainEqual(expect.objectContaining({ kind: 'fetch', webSeed: 1 }));
    harness.swarm.audit();
  });

  it('takes a run away from a web seed that has fallen silent', () => {
    const harness = new Harness({ webSeedCount: 2, wanted: firstPieces(1) });
    const runs = harness.runsAfter(0);
    expect(new Set(runs.map(({ webSeed }) => webSeed))).toEqual(new Set([0]));
    const taken = harness.runsAfter(6_000);
    expect(taken).toContainEqual(expect.objectContaining({ webSeed: 1 }));
  });

  it('gives up a web seed that sends nothing right, and says so', () => {
    const harness = new Harness();
    let runCount = 0;
    for (let runs = harness.runsAfter(0); runs.length > 0; runs = harness.runsAfter(0)) {
      for (const run of runs) harness.serve(run, 'bad', 1);
      runCount += runs.length;
    }
    expect(runCount).toBeLessThanOrEqual(2 * WEB_SEED_BAD_RUNS_MAX);
    expect(harness.swarm.sourceState).toMatchObject({ kind: 'bad_content', badPieces: [{ webSeed: 0 }] });
    expect(harness.runsAfter(3_600_000)).toEqual([]);
  });

  it('does not call content bad while a peer has it', () => {
    const harness = new Harness();
    for (let runs = harness.runsAfter(0); runs.length > 0; runs = harness.runsAfter(0))
      for (const run of runs) harness.serve(run, 'bad', 1);
    harness.connectSeed();
    harness.after(100);
    expect(harness.swarm.sourceState.kind).toBe('active');
  });

  it('tells of a stall until something comes', () => {
    const harness = new Harness();
    for (const { runId } of harness.runsAfter(0)) harness.swarm.webRunFailed(runId, 30_000, 0);
    harness.after(9_000);
    expect(harness.swarm.sourceState).toEqual({ kind: 'active' });
    harness.after(2_000);
    expect(harness.swarm.sourceState).toMatchObject({ kind: 'stalled', sinceMs: 0 });
    for (const run of harness.runsAfter(50_000)) harness.serve(run);
    harness.after(100);
    expect(harness.swarm.sourceState).toEqual({ kind: 'active' });
  });

  it('brings what has a higher priority, and nothing behind it before all of that is under way', () => {
    const harness = new Harness();
    const priorities = new Uint8Array(PIECES);
    for (const piece of [20, 21, 400, 401, 402]) priorities[piece] = 2;
    harness.swarm.setPriorities(priorities);
    const brought: number[] = [];
    while (brought.length < 5) {
      for (const run of harness.runsAfter(100)) {
        for (let piece = run.firstPiece; piece < run.firstPiece + run.pieceCount; piece += 1) brought.push(piece);
        harness.serve(run);
      }
    }
    expect(brought.slice(0, 5).toSorted((a, b) => a - b)).toEqual([20, 21, 400, 401, 402]);
  });

  it('ends a run that began before it was said what comes first', () => {
    const harness = new Harness();
    const runs = harness.runsAfter(0);
    const under = (piece: number): boolean =>
      runs.some(({ firstPiece, pieceCount }) => piece >= firstPiece && piece < firstPiece + pieceCount);
    const first = [...Array(PIECES).keys()].find((piece) => !under(piece)) ?? 0;
    harness.swarm.setPriorities(new Uint8Array(PIECES).fill(1, first, first + 1));
    const cuts = harness.after(100).filter((command) => command.kind === 'shorten_fetch');
    const cut = runs.find(({ runId }) => runId === cuts[0]?.runId);
    expect(cuts).toEqual([{ kind: 'shorten_fetch', runId: cut?.runId, endPiece: (cut?.firstPiece ?? 0) + 1 }]);
    expect(harness.after(100).filter((command) => command.kind === 'shorten_fetch')).toEqual([]);
    if (cut) harness.serve({ ...cut, pieceCount: 1 });
    expect(onlyRun(harness.runsAfter(0))).toMatchObject({ firstPiece: first, pieceCount: 1 });
    harness.swarm.audit();
  });

  it('ends no run for what peers bring, whatever comes first', () => {
    const harness = new Harness();
    const peer = harness.connectEmpty();
    harness.swarm.messageReceived(peer, { kind: 'have', piece: 7 }, 0);
    expect(harness.runsAfter(6_000)).not.toEqual([]);
    harness.swarm.setPriorities(new Uint8Array(PIECES).fill(1, 7, 8));
    for (let look = 0; look < 5; look += 1)
      expect(harness.after(100).filter((command) => command.kind === 'shorten_fetch')).toEqual([]);
  });

  it('ends a run that is at work elsewhere for what somebody waits for, and none that comes to it soon', () => {
    const harness = new Harness();
    const runs = harness.runsAfter(0);
    expect(runs.length).toBeGreaterThan(0);
    const under = (piece: number): boolean =>
      runs.some(({ firstPiece, pieceCount }) => piece >= firstPiece && piece < firstPiece + pieceCount);
    const waitedFor = [...Array(PIECES).keys()].find((piece) => !under(piece) && !under(piece + 1)) ?? 0;
    harness.swarm.readAhead([{ first: waitedFor, end: waitedFor + 2 }]);
    const cuts = harness.after(100).filter((command) => command.kind === 'shorten_fetch');
    expect(cuts).toHaveLength(1);
    const cut = runs.find(({ runId }) => runId === cuts[0]?.runId);
    expect(cuts[0]?.endPiece).toBe((cut?.firstPiece ?? 0) + 1);
    expect(harness.after(100).filter((command) => command.kind === 'shorten_fetch')).toEqual([]);
    if (cut) harness.serve({ ...cut, pieceCount: 1 });
    const next = onlyRun(harness.runsAfter(0));
    expect(next.firstPiece).toBe(waitedFor);
    expect(harness.after(100).filter((command) => command.kind === 'shorten_fetch')).toEqual([]);
    harness.swarm.audit();
  });

  it('fetches at once what somebody waits for and no peer is bringing', () => {
    const harness = new Harness();
    const peer = harness.connectSeed();
    expect(harness.runsAfter(100)).toEqual([]);
    const priorities = new Uint8Array(PIECES);
    priorities.fill(URGENT_PRIORITY, 300, 308);
    harness.swarm.setPriorities(priorities);
    expect(onlyRun(harness.runsAfter(100))).toMatchObject({ firstPiece: 300, pieceCount: 8 });
    harness.swarm.peerDisconnected(peer, harness.nowMs);
    harness.swarm.audit();
  });
});

function firstPieces(count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(PIECES / 8));
  for (let piece = 0; piece < count; piece += 1) bits[piece >>> 3] = (bits[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
  return bits;
}
