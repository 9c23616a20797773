import { type Fault, FAULTS, runScenario, type ScenarioReport } from '@swarmpatch/testkit';
import { describe, expect, it } from 'vitest';

const KIB = 1024;
/** `SWARMPATCH_SEED=7` runs that seed again. Whatever breaks an invariant names its seed. */
const seeds = process.env['SWARMPATCH_SEED'] ? [Number(process.env['SWARMPATCH_SEED'])] : [1, 2, 3];

function run(seed: number, faults: readonly Fault[], launchers: number): ScenarioReport {
  return runScenario({
    launchers,
    seed,
    faults,
    pieceCount: 24,
    pieceLengthBytes: (seed % 2 === 0 ? 64 : 256) * KIB,
    rates: { uplink: 256 * KIB, downlink: 1024 * KIB },
    originUplink: 1024 * KIB,
  });
}

/** Each run checks every invariant of the engine: see docs/simulation.md. */
describe.each(seeds)('every invariant holds, seed %i', (seed) => {
  it.each(FAULTS)('with %s', (fault) => {
    expect(run(seed, [fault], 12).timesFluidLimit).toBeGreaterThan(1);
  });

  it('with all faults at once', () => {
    expect(run(seed, FAULTS, 30).timesFluidLimit).toBeGreaterThan(0);
  });

  it('without any', () => {
    expect(run(seed, [], 30).bannedLiars).toBe(0);
  });
});
