import { type LauncherOptions, MemoryNetwork, SimulatedTorrent } from '@swarmpatch/testkit';
import { describe, expect, it } from 'vitest';

const KIB = 1024;
const MIB = 1024 * KIB;
/** `SWARMPATCH_SEED=7` runs that seed again. */
const seeds = process.env['SWARMPATCH_SEED'] ? [Number(process.env['SWARMPATCH_SEED'])] : [1, 2];

interface Crowd {
  readonly launchers: number;
  readonly buildBytes: number;
  readonly pieceLengthBytes: number;
  readonly line: LauncherOptions;
  readonly originUplink: number;
  /** Bytes a second that each gives and takes. */
  readonly up: number;
  readonly down: number;
}

/** Everyone starts at once. Returns what the origin sent in builds, and the last finisher's time over the fluid limit. */
function install(crowd: Crowd, seed: number): { copies: number; times: number } {
  const { launchers, buildBytes, originUplink, up, down } = crowd;
  const network = new MemoryNetwork({ torrent: new SimulatedTorrent([buildBytes], crowd.pieceLengthBytes), seed });
  const origin = network.addOrigin({ uplink: originUplink });
  for (let count = 0; count < launchers; count += 1) network.addLauncher(crowd.line);
  expect(network.runUntilAllFinished(600), `seed ${seed}: everyone finishes`).toBe(true);
  const lastSeconds = Math.max(...network.launchers.map((launcher) => launcher.finishedMs ?? Infinity)) / 1000;
  const fluidSeconds = Math.max(
    buildBytes / originUplink,
    buildBytes / down,
    (launchers * buildBytes) / (originUplink + launchers * up),
  );
  return { copies: origin.servedBytes / buildBytes, times: lastSeconds / fluidSeconds };
}

describe.each(seeds)('a crowd at one thin origin, seed %i', (seed) => {
  it('of 12 takes little more than one copy from it', () => {
    const up = 512 * KIB;
    const { copies, times } = install(
      {
        launchers: 12,
        buildBytes: 24 * MIB,
        pieceLengthBytes: 64 * KIB,
        line: { maxUpload: up },
        originUplink: MIB,
        up,
        down: Infinity,
      },
      seed,
    );
    expect(copies, `copies, seed ${seed}`).toBeLessThan(1.5);
    expect(times, `times the fluid limit, seed ${seed}`).toBeLessThan(1.3);
  });

  it('of 20, whose lines are bound both ways, does so too', () => {
    const line = { maxUpload: MIB, maxDownload: 4 * MIB };
    const { copies, times } = install(
      {
        launchers: 20,
        buildBytes: 24 * MIB,
        pieceLengthBytes: 64 * KIB,
        line,
        originUplink: 4 * MIB,
        up: MIB,
        down: 4 * MIB,
      },
      seed,
    );
    expect(copies, `copies, seed ${seed}`).toBeLessThan(1.5);
    expect(times, `times the fluid limit, seed ${seed}`).toBeLessThan(1.3);
  });
});
