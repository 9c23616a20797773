import { addressKey, type PeerAddress } from '@swarmpatch/swarm';

import { seededRandom } from '../builds/seeded-random.ts';
import { BrokenInvariant, type Invariant } from './broken-invariant.ts';
import type { LauncherOptions } from './launcher-options.ts';
import { RunDigest } from './run-digest.ts';
import { SimulatedLauncher } from './simulated-launcher.ts';
import type { LauncherNetwork } from './simulated-network.ts';
import { type OriginOptions, SimulatedOrigin } from './simulated-origin.ts';
import type { SimulatedTorrent } from './simulated-torrent.ts';
import { Tracker } from './tracker.ts';
import { VirtualTime } from './virtual-time.ts';

const TICK_MS = 100;
const AUDIT_EVERY = 20;
/** A dial that nobody answers. */
const DIAL_TIMEOUT_MS = 3_000;
const ANNOUNCE_INTERVAL_MS = 60_000;

export interface MemoryNetworkOptions {
  readonly torrent: SimulatedTorrent;
  /** Everything that happens follows from it. */
  readonly seed: number;
  /** One way, to whoever has no place of its own. */
  readonly latencyMs?: number;
  /** With the fast extension (BEP 6), or as in BEP 3 alone. */
  readonly capabilities?: 'fast' | 'basic';
  /** Whether peers tell each other of peers (BEP 10, 11), or the tracker alone does. */
  readonly peerExchange?: 'on' | 'off';
  /** How often engines look at the clock. */
  readonly tickMs?: number;
  /** The books of an engine are compared once in so many turns, and at its end. */
  readonly auditEvery?: number;
}

/** Swarm engines on a simulated network with virtual time, and a tracker that knows them all. */
export class MemoryNetwork implements LauncherNetwork<SimulatedLauncher, SimulatedOrigin> {
  readonly time: VirtualTime = new VirtualTime();
  readonly torrent: SimulatedTorrent;
  readonly seed: number;
  readonly latencyMs: number;
  readonly capabilities: 'fast' | 'basic';
  readonly peerExchange: 'on' | 'off';
  readonly tickMs: number;
  readonly auditEvery: number;
  readonly launchers: SimulatedLauncher[] = [];
  readonly origins: SimulatedOrigin[] = [];
  readonly random: () => number;
  readonly digest: RunDigest = new RunDigest();
  readonly #tracker: Tracker;
  readonly #byAddress = new Map<string, SimulatedLauncher>();
  readonly #liars = new Set<string>();
  /** Up, and without everything. */
  readonly #unfinished = new Set<SimulatedLauncher>();
  #lastNumber = 0;

  constructor(options: MemoryNetworkOptions) {
    this.torrent = options.torrent;
    this.seed = options.seed;
    this.latencyMs = options.latencyMs ?? 20;
    this.capabilities = options.capabilities ?? 'fast';
    this.peerExchange = options.peerExchange ?? 'on';
    this.tickMs = options.tickMs ?? TICK_MS;
    this.auditEvery = options.auditEvery ?? AUDIT_EVERY;
    this.random = seededRandom(options.seed);
    this.#tracker = new Tracker(this.#branch());
  }

  get unfinishedCount(): number {
    return this.#unfinished.size;
  }

  /** Origins are to be there before the launchers that know them. */
  addOrigin(options: OriginOptions): SimulatedOrigin {
    const origin = new SimulatedOrigin(this, options, this.#branch());
    this.origins.push(origin);
    return origin;
  }

  /** Starts a launcher, which announces itself: it is told of those before it. */
  addLauncher(options: LauncherOptions = {}): SimulatedLauncher {
    this.#lastNumber += 1;
    return this.#start(this.#lastNumber, options);
  }

  /** A launcher that is down starts again, at its address and with what it wrote. */
  restart(launcher: SimulatedLauncher): SimulatedLauncher {
    return this.#start(launcher.number, { ...launcher.options, starts: launcher.written });
  }

  dial(caller: SimulatedLauncher, address: PeerAddress): void {
    const callee = this.#byAddress.get(addressKey(address));
    if (!callee?.isUp || callee.options.reach === 'behind_nat') {
      this.time.after(DIAL_TIMEOUT_MS, () => {
        if (caller.isUp) caller.swarm.dialFailed(address, this.time.nowMs);
      });
      return;
    }
    this.time.after(2 * caller.latencyMsTo(callee), () => {
      if (caller.isUp) this.#connect(caller, callee);
    });
  }

  settled(launcher: SimulatedLauncher): void {
    this.#unfinished.delete(launcher);
    if (!launcher.isUp) this.#tracker.remove(launcher);
  }

  isLiar(host: string): boolean {
    return this.#liars.has(host);
  }

  broken(invariant: Invariant, detail: string): never {
    throw new BrokenInvariant(invariant, { seed: this.seed, nowMs: this.time.nowMs }, detail);
  }

  /** Runs until every launcher that is up has everything. */
  runUntilAllFinished(limitSeconds: number): boolean {
    return this.time.runUntil(() => this.#unfinished.size === 0, limitSeconds * 1000);
  }

  runFor(seconds: number): void {
    this.time.runUntil(() => false, this.time.nowMs + seconds * 1000);
  }

  #start(number: number, options: LauncherOptions): SimulatedLauncher {
    const launcher = new SimulatedLauncher(this, number, options, this.#branch());
    this.launchers.push(launcher);
    this.#byAddress.set(addressKey(launcher.address), launcher);
    if (launcher.conduct !== 'honest' || options.corruption !== undefined) this.#liars.add(launcher.address.host);
    if (launcher.finishedMs === undefined) this.#unfinished.add(launcher);
    this.#announce(launcher);
    this.#tracker.add(launcher);
    return launcher;
  }

  #announce(launcher: SimulatedLauncher): void {
    if (!launcher.isUp) return;
    const peers = this.#tracker.answer(launcher);
    const leechers = this.#unfinished.size;
    this.time.after(2 * this.latencyMs, () => {
      launcher.tell(peers, leechers);
    });
    this.time.after(ANNOUNCE_INTERVAL_MS * (0.75 + this.random() / 2), () => {
      this.#announce(launcher);
    });
  }

  #connect(caller: SimulatedLauncher, callee: SimulatedLauncher): void {
    const calleePeer = callee.meet(caller, 'incoming');
    if (calleePeer === undefined) {
      caller.swarm.dialFailed(callee.address, this.time.nowMs);
      return;
    }
    const callerPeer = caller.meet(callee, 'outgoing');
    if (callerPeer === undefined) {
      callee.linkBroke(calleePeer);
      return;
    }
    caller.join(callerPeer, calleePeer);
    callee.join(calleePeer, callerPeer);
  }

  #branch(): () => number {
    return seededRandom(Math.floor(this.random() * 2 ** 32));
  }
}
