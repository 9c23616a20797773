import type { LineRates } from './crew.ts';
import type { MemoryNetwork } from './memory-network.ts';
import type { SimulatedLauncher } from './simulated-launcher.ts';

export interface ScenarioReport {
  readonly seed: number;
  readonly launchers: number;
  readonly faults: readonly string[];
  readonly buildBytes: number;
  readonly originBytes: number;
  /** What the origin sent, in builds. */
  readonly originCopies: number;
  /** Since the start. */
  readonly seconds: { readonly median: number; readonly last: number; readonly fluidLimit: number };
  /** Time of the last finisher over the fluid limit. */
  readonly timesFluidLimit: number;
  readonly fairness: {
    /** Jain's index of what contributors uploaded: 1 when all gave the same. */
    readonly uploadIndex: number;
    /** Seconds from start to end. */
    readonly contributorsMedianSeconds: number;
    /** Null when there are none. */
    readonly freeRidersMedianSeconds: number | null;
  };
  readonly bannedLiars: number;
  readonly blocks: number;
  readonly events: number;
  /** The same for each run of one seed. */
  readonly digest: string;
}

/**
 * No scheme is faster: the origin has to send each byte once, the slowest has to take them all, and all lines together have to
 * carry a copy for each.
 */
export function fluidSeconds(swarm: {
  readonly lengthBytes: number;
  readonly originUplink: number;
  readonly lines: readonly LineRates[];
}): number {
  const { lengthBytes, originUplink, lines } = swarm;
  const uplinks = lines.reduce((sum, { uplink }) => sum + uplink, originUplink);
  const slowestDownlink = lines.reduce((least, { downlink }) => Math.min(least, downlink), Infinity);
  return Math.max(lengthBytes / originUplink, lengthBytes / slowestDownlink, (lines.length * lengthBytes) / uplinks);
}

export function reportOn(run: {
  readonly network: MemoryNetwork;
  readonly options: { readonly seed: number; readonly launchers: number; readonly faults: readonly string[] };
  readonly fluidSeconds: number;
}): ScenarioReport {
  const { network, options } = run;
  const { launchers, origins, torrent, time } = network;
  const finishers = launchers.filter((each) => isCustomer(each) && each.finishedMs !== undefined);
  const finishedMs = finishers.map((each) => each.finishedMs ?? 0);
  const lastSeconds = Math.max(0, ...finishedMs) / 1000;
  const originBytes = origins.reduce((sum, origin) => sum + origin.servedBytes, 0);
  const contributors = finishers.filter((each) => each.conduct === 'honest');
  const freeRiders = finishers.filter((each) => each.conduct === 'free_rides');
  const banned = new Set(launchers.flatMap((each) => each.banned));
  for (const each of launchers) network.digest.add(each.number, each.uploadedBytes, each.finishedMs ?? -1);
  network.digest.add(originBytes, time.eventCount);
  return {
    seed: options.seed,
    launchers: options.launchers,
    faults: options.faults,
    buildBytes: torrent.lengthBytes,
    originBytes,
    originCopies: originBytes / torrent.lengthBytes,
    seconds: { median: median(finishedMs) / 1000, last: lastSeconds, fluidLimit: run.fluidSeconds },
    timesFluidLimit: lastSeconds / run.fluidSeconds,
    fairness: {
      uploadIndex: jainIndex(contributors.map((each) => each.uploadedBytes)),
      contributorsMedianSeconds: median(contributors.map(durationMs)) / 1000,
      freeRidersMedianSeconds: freeRiders.length === 0 ? null : median(freeRiders.map(durationMs)) / 1000,
    },
    bannedLiars: banned.size,
    blocks: launchers.reduce((sum, each) => sum + each.uploadedBlocks, 0),
    events: time.eventCount,
    digest: network.digest.hex,
  };
}

/** One who came to get the build. */
function isCustomer({ conduct }: SimulatedLauncher): boolean {
  return conduct === 'honest' || conduct === 'free_rides';
}

function durationMs({ startedMs, finishedMs }: SimulatedLauncher): number {
  return (finishedMs ?? startedMs) - startedMs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >>> 1] ?? 0;
}

/** R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness", DEC TR-301: 1 when all are equal, 1/n when one has it all. */
function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : sum ** 2 / (values.length * squares);
}
