import { describe, expect, it } from 'vitest';

import { MemoryNetwork } from './memory-network.ts';
import { SimulatedTorrent } from './simulated-torrent.ts';

const KIB = 1024;
const seeds = process.env['SWARMPATCH_SEED'] ? [Number(process.env['SWARMPATCH_SEED'])] : [1, 2, 3];

const PIECE_BYTES = 64 * KIB;
const LINE = { uplink: 64 * KIB, downlink: 2_000 * KIB };
const GIVER_UPLINK = 256 * KIB;

interface Crowd {
  readonly seed: number;
  readonly pieces: number;
  readonly sharers: number;
  readonly freeRiders: number;
  readonly giver: 'seed' | 'super_seed' | 'seed_and_origin';
}

/** Runs a crowd around one giver that has four times a peer's line, until everyone has everything. */
function run({ seed, pieces, sharers, freeRiders, giver }: Crowd) {
  const torrent = new SimulatedTorrent([pieces * PIECE_BYTES], PIECE_BYTES);
  const network = new MemoryNetwork({ torrent, seed, tickMs: 250, auditEvery: 500 });
  const uplink = giver === 'seed_and_origin' ? GIVER_UPLINK / 2 : GIVER_UPLINK;
  if (giver === 'seed_and_origin') network.addOrigin({ uplink });
  const first = network.addLauncher({ starts: 'complete', uplink, superSeed: giver === 'super_seed' });
  const size = sharers + freeRiders;
  const launchers = Array.from({ length: size }, (_, at) =>
    network.addLauncher({ ...LINE, conduct: (at * freeRiders) % size < freeRiders ? 'free_rides' : 'honest' }),
  );
  const isDone = network.runUntilAllFinished(3_600);
  const secondsOf = (conduct: string): number[] =>
    launchers
      .filter((launcher) => launcher.conduct === conduct)
      .map(({ finishedMs = Infinity, startedMs }) => (finishedMs - startedMs) / 1000)
      .sort((a, b) => a - b);
  const copies = (sharers + freeRiders) * torrent.lengthBytes;
  return {
    isDone,
    sharers: secondsOf('honest'),
    freeRiders: secondsOf('free_rides'),
    seedCopies: first.uploadedBytes / torrent.lengthBytes,
    fluidSeconds: copies / (GIVER_UPLINK + sharers * LINE.uplink),
  };
}

function median(values: readonly number[]): number {
  return values[values.length >> 1] ?? NaN;
}

describe.each(seeds)('a crowd with free riders, seed %i', (seed) => {
  it('lets every sharer finish before the first free rider', () => {
    const crowd = run({ seed, pieces: 256, sharers: 16, freeRiders: 8, giver: 'seed' });
    expect(crowd.isDone).toBe(true);
    expect(crowd.sharers.at(-1)).toBeLessThan(crowd.freeRiders[0] ?? 0);
    expect(median(crowd.freeRiders)).toBeGreaterThan(1.25 * median(crowd.sharers));
  });

  it('does so where few share, whom the seed has to tell from the others', () => {
    const crowd = run({ seed, pieces: 128, sharers: 6, freeRiders: 6, giver: 'seed' });
    expect(crowd.isDone).toBe(true);
    expect(crowd.freeRiders[0]).toBeGreaterThan(1.1 * (crowd.sharers.at(-1) ?? Infinity));
  });

  it('does so with an origin, too, as far as HTTP lets it', () => {
    const crowd = run({ seed, pieces: 128, sharers: 16, freeRiders: 8, giver: 'seed_and_origin' });
    expect(crowd.isDone).toBe(true);
    expect(median(crowd.freeRiders)).toBeGreaterThan(1.1 * median(crowd.sharers));
  });
});

describe.each(seeds)('a crowd that shares, seed %i', (seed) => {
  it('comes close to the fluid limit', () => {
    const crowd = run({ seed, pieces: 256, sharers: 24, freeRiders: 0, giver: 'seed' });
    expect(crowd.isDone).toBe(true);
    expect(crowd.sharers.at(-1)).toBeLessThan(1.15 * crowd.fluidSeconds);
  });

  it('gets everything from little more than one copy of a super-seed', () => {
    const crowd = run({ seed, pieces: 128, sharers: 12, freeRiders: 0, giver: 'super_seed' });
    expect(crowd.isDone).toBe(true);
    expect(crowd.seedCopies).toBeLessThan(1.1);
  });
});
