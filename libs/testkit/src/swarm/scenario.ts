import { seededRandom } from '../builds/seeded-random.ts';
import { BrokenInvariant } from './broken-invariant.ts';
import { type CrewMember, crewOf, type Fault, type LineRates } from './crew.ts';
import { MemoryNetwork } from './memory-network.ts';
import { fluidSeconds, reportOn, type ScenarioReport } from './scenario-report.ts';
import { SimulatedTorrent } from './simulated-torrent.ts';

const TICK_MS = 250;
const AUDIT_EVERY = 100;
/** In larger crowds the tracker alone tells of peers: the lists that neighbours exchange would be most of the work. */
const PEER_EXCHANGE_LAUNCHERS_MAX = 100;
/** A run may take so many times the fluid limit, and so much more, before it counts as stuck. */
const PATIENCE = { factor: 20, seconds: 300 };

export interface ScenarioOptions {
  readonly launchers: number;
  /** Everything that happens follows from it. */
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly rates: LineRates;
  /** Bytes a second of the origin's line. */
  readonly originUplink: number;
  /** Responses that the origin sends at a time; it has others come back later. Not bound unless said. */
  readonly originResponsesMax?: number | undefined;
  /** Called once in each simulated second. */
  readonly onSecond?: ((state: { readonly second: number; readonly unfinished: number }) => void) | undefined;
}

/**
 * A crowd installs one build through one origin and each other.
 *
 * @throws {BrokenInvariant} with the seed in its message.
 */
export function runScenario(options: ScenarioOptions): ScenarioReport {
  const { seed } = options;
  const torrent = new SimulatedTorrent([options.pieceCount * options.pieceLengthBytes], options.pieceLengthBytes);
  const network = new MemoryNetwork({
    torrent,
    seed,
    tickMs: TICK_MS,
    auditEvery: AUDIT_EVERY,
    peerExchange: options.launchers > PEER_EXCHANGE_LAUNCHERS_MAX ? 'off' : 'on',
  });
  try {
    return new Scenario(network, options).run();
  } catch (error) {
    if (error instanceof BrokenInvariant) throw error;
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return network.broken('the_engine_does_not_throw', detail);
  }
}

class Scenario {
  readonly #network: MemoryNetwork;
  readonly #options: ScenarioOptions;
  readonly #crew: readonly CrewMember[];
  readonly #fluidSeconds: number;
  /** Starts and restarts that are still to come. */
  #startsAhead = 0;

  constructor(network: MemoryNetwork, options: ScenarioOptions) {
    this.#network = network;
    this.#options = options;
    const random = seededRandom(options.seed ^ 0x5ce0a810);
    const { lengthBytes } = network.torrent;
    const { launchers, rates, originUplink } = options;
    const faults = new Set(options.faults);
    const evenCrew = Array.from({ length: launchers }, () => rates);
    const spanMs = 1000 * fluidSeconds({ lengthBytes, originUplink, lines: evenCrew });
    this.#crew = crewOf({ launchers, faults, rates, spanMs, random });
    this.#fluidSeconds = fluidSeconds({ lengthBytes, originUplink, lines: this.#crew.flatMap(lineOf) });
    const fromMs = spanMs * random();
    const downMs = faults.has('outage') ? { from: fromMs, to: fromMs + spanMs / 2 } : undefined;
    network.addOrigin({ uplink: originUplink, responsesMax: options.originResponsesMax, downMs });
  }

  run(): ScenarioReport {
    const { time } = this.#network;
    for (const member of this.#crew) this.#enlist(member);
    this.#reportSeconds();
    const limitMs = 1000 * (PATIENCE.factor * this.#fluidSeconds + PATIENCE.seconds);
    const isDone = (): boolean => this.#startsAhead === 0 && this.#network.unfinishedCount === 0;
    if (!time.runUntil(isDone, limitMs)) {
      const { unfinishedCount, launchers } = this.#network;
      const one = launchers.find((launcher) => launcher.isUp && launcher.finishedMs === undefined);
      const stats = JSON.stringify(one?.swarm.stats(time.nowMs));
      this.#network.broken(
        'everyone_finishes',
        `${unfinishedCount} launchers are not done; ${one?.address.host ?? 'none'} is up: ${stats}`,
      );
    }
    return reportOn({ network: this.#network, options: this.#options, fluidSeconds: this.#fluidSeconds });
  }

  #enlist(member: CrewMember): void {
    this.#startsAhead += 1;
    this.#network.time.after(member.joinsMs, () => {
      this.#startsAhead -= 1;
      this.#join(member);
    });
  }

  #join({ options, joinsMs, leavesMs, leavesAfterFinishMs, crashesMs, restartsAfterMs }: CrewMember): void {
    const { time } = this.#network;
    let launcher = this.#network.addLauncher(options);
    if (leavesMs !== undefined)
      time.after(leavesMs - joinsMs, () => {
        launcher.leave();
      });
    if (leavesAfterFinishMs !== undefined)
      launcher.onFinished = () => {
        time.after(leavesAfterFinishMs, () => {
          launcher.leave();
        });
      };
    if (crashesMs !== undefined)
      time.after(crashesMs - joinsMs, () => {
        if (!launcher.isUp) return;
        launcher.crash();
        if (restartsAfterMs === undefined) return;
        this.#startsAhead += 1;
        time.after(restartsAfterMs, () => {
          this.#startsAhead -= 1;
          launcher = this.#network.restart(launcher);
        });
      });
  }

  #reportSeconds(): void {
    const { onSecond } = this.#options;
    if (!onSecond) return;
    const { time } = this.#network;
    time.after(1000, () => {
      onSecond({ second: Math.round(time.nowMs / 1000), unfinished: this.#network.unfinishedCount });
      this.#reportSeconds();
    });
  }
}

/** Liars bring nothing that counts; free riders only take. */
function lineOf({ options }: CrewMember): LineRates[] {
  const { conduct = 'honest', uplink = 0, downlink = Infinity, maxUpload, maxDownload } = options;
  if (conduct !== 'honest' && conduct !== 'free_rides') return [];
  return [
    {
      uplink: conduct === 'free_rides' ? 0 : Math.min(uplink, maxUpload ?? Infinity),
      downlink: Math.min(downlink, maxDownload ?? Infinity),
    },
  ];
}
