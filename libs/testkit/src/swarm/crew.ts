import type { LauncherOptions } from './launcher-options.ts';
import { randomPlace } from './place.ts';

/** What a simulated swarm suffers. */
export const FAULTS = [
  /** Lines of a quarter to four times the rate. */
  'mixed_lines',
  /** Two in five cannot be dialled. */
  'nat',
  /** Some set limits below what their lines carry. */
  'limits',
  /** Some hold no more than a few pieces that are not written. */
  'small_memory',
  /** Some know BEP 3 alone: no fast extension, no peer exchange. */
  'old_peers',
  /** Some come late, some go before they have everything, and some as soon as they have. */
  'churn',
  /** Some die at any time; half of them start again with what they wrote. */
  'crash',
  /** One in five unchokes nobody. */
  'free_riders',
  /** Some send wrong blocks. */
  'poison',
  /** Some say that they have everything and reject each request. */
  'false_claims',
  /** Some say so and never answer. */
  'silence',
  /** The origin is down for a while. */
  'outage',
] as const;

export type Fault = (typeof FAULTS)[number];

/** Bytes a second. */
export interface LineRates {
  readonly uplink: number;
  readonly downlink: number;
}

/** One launcher's part in a run: what it is like, and when it comes and goes. */
export interface CrewMember {
  readonly options: LauncherOptions;
  readonly joinsMs: number;
  readonly leavesMs?: number | undefined;
  /** So long after it has everything. */
  readonly leavesAfterFinishMs?: number | undefined;
  readonly crashesMs?: number | undefined;
  readonly restartsAfterMs?: number | undefined;
}

const LIAR_SHARE = 0.05;

/**
 * Who takes part in a run, drawn from its seed.
 *
 * @param spanMs About how long the run takes: faults are spread over it.
 */
export function crewOf(context: {
  readonly launchers: number;
  readonly faults: ReadonlySet<Fault>;
  readonly rates: LineRates;
  readonly spanMs: number;
  readonly random: () => number;
}): CrewMember[] {
  const { launchers, faults, rates, spanMs, random } = context;
  const happens = (fault: Fault, share: number): boolean => faults.has(fault) && random() < share;
  const between = (low: number, high: number): number => low + random() * (high - low);
  const crew: CrewMember[] = [];
  for (let count = 0; count < launchers; count += 1) {
    const factor = faults.has('mixed_lines') ? 4 ** between(-1, 1) : 1;
    const line = { uplink: rates.uplink * factor, downlink: rates.downlink * factor };
    const isLimited = happens('limits', 0.3);
    const joinsMs = happens('churn', 0.3) ? between(0, spanMs) : 0;
    const crashes = happens('crash', 0.2);
    crew.push({
      options: {
        ...line,
        heldBytesMax: happens('small_memory', 0.5) ? 1 : undefined,
        capabilities: happens('old_peers', 0.4) ? 'basic' : undefined,
        place: randomPlace(random),
        conduct: happens('free_riders', 0.2) ? 'free_rides' : 'honest',
        reach: happens('nat', 0.4) ? 'behind_nat' : 'open',
        maxUpload: isLimited ? line.uplink * between(0.2, 0.8) : undefined,
        maxDownload: isLimited ? line.downlink * between(0.2, 0.8) : undefined,
      },
      joinsMs,
      leavesMs: happens('churn', 0.15) ? joinsMs + spanMs * between(0.1, 1) : undefined,
      leavesAfterFinishMs: happens('churn', 0.5) ? between(0, 5_000) : undefined,
      crashesMs: crashes ? joinsMs + spanMs * between(0, 1.5) : undefined,
      restartsAfterMs: crashes && random() < 0.5 ? between(10, 10_000) : undefined,
    });
  }
  const liars = Math.max(1, Math.round(launchers * LIAR_SHARE));
  const addLiars = (options: LauncherOptions): void => {
    for (let count = 0; count < liars; count += 1)
      crew.push({ options: { ...rates, place: randomPlace(random), ...options }, joinsMs: between(0, spanMs / 4) });
  };
  if (faults.has('poison')) addLiars({ conduct: 'poisons', starts: 'complete', corruption: between(0.02, 0.5) });
  if (faults.has('false_claims')) addLiars({ conduct: 'lacks_pieces' });
  if (faults.has('silence')) addLiars({ conduct: 'silent' });
  return crew;
}
