import { describe, expect, it } from 'vitest';

import { FAULTS, MemoryNetwork, runScenario, type ScenarioOptions, SimulatedTorrent } from './index.ts';

const KIB = 1024;
const small: Omit<ScenarioOptions, 'seed'> = {
  launchers: 15,
  faults: [],
  pieceCount: 24,
  pieceLengthBytes: 128 * KIB,
  rates: { uplink: 512 * KIB, downlink: 2048 * KIB },
  originUplink: 1024 * KIB,
};

describe('runScenario()', () => {
  it('does exactly the same again for the same seed, and something else for another', () => {
    const run = (seed: number): string => runScenario({ ...small, faults: FAULTS, seed }).digest;
    expect(run(5)).toBe(run(5));
    expect(run(5)).not.toBe(run(6));
  });

  it('is never faster than the fluid limit, and takes at least one copy from the origin', () => {
    const report = runScenario({ ...small, seed: 1 });
    expect(report.timesFluidLimit).toBeGreaterThan(1);
    expect(report.originCopies).toBeGreaterThanOrEqual(1);
    expect(report.originBytes + report.blocks * 16 * KIB).toBeGreaterThanOrEqual(15 * report.buildBytes);
  });

  it('names the seed and the invariant that is broken', () => {
    const network = new MemoryNetwork({ torrent: new SimulatedTorrent([1], 16 * KIB), seed: 77 });
    expect(() => network.broken('everyone_finishes', 'launcher 10.0.0.1 waits')).toThrow(
      'everyone_finishes: seed 77, after 0 ms: launcher 10.0.0.1 waits',
    );
  });
});
