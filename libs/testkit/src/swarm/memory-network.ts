import { addressKey, type PeerAddress } from '@swarmpatch/swarm';

import { seededRandom } from '../builds/seeded-random.ts';
import { type LauncherOptions, SimulatedLauncher } from './simulated-launcher.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import { type OriginOptions, SimulatedOrigin } from './simulated-origin.ts';
import type { SimulatedTorrent } from './simulated-torrent.ts';
import { VirtualTime } from './virtual-time.ts';

export interface MemoryNetworkOptions {
  readonly torrent: SimulatedTorrent;
  /** Everything that happens follows from it. */
  readonly seed: number;
  readonly latencyMs?: number;
  /** With the fast extension (BEP 6), or as in BEP 3 alone. */
  readonly capabilities?: 'fast' | 'basic';
}

/** Swarm engines on a simulated network with virtual time, and a tracker that knows them all. */
export class MemoryNetwork implements SimulatedNetwork {
  readonly time: VirtualTime = new VirtualTime();
  readonly torrent: SimulatedTorrent;
  readonly latencyMs: number;
  readonly capabilities: 'fast' | 'basic';
  readonly launchers: SimulatedLauncher[] = [];
  readonly origins: SimulatedOrigin[] = [];
  readonly random: () => number;
  readonly #byAddress = new Map<string, SimulatedLauncher>();

  constructor({ torrent, seed, latencyMs = 20, capabilities = 'fast' }: MemoryNetworkOptions) {
    this.torrent = torrent;
    this.latencyMs = latencyMs;
    this.capabilities = capabilities;
    this.random = seededRandom(seed);
  }

  /** Origins are to be there before the launchers that know them. */
  addOrigin(options: OriginOptions): SimulatedOrigin {
    const origin = new SimulatedOrigin(this, options, this.#branch());
    this.origins.push(origin);
    return origin;
  }

  /** Starts a launcher, which announces itself: it is told of those before it. */
  addLauncher(options: LauncherOptions = {}): SimulatedLauncher {
    const launcher = new SimulatedLauncher(this, this.launchers.length + 1, options, this.#branch());
    const others = this.launchers.filter((other) => other.isUp).map((other) => other.address);
    this.launchers.push(launcher);
    this.#byAddress.set(addressKey(launcher.address), launcher);
    this.time.after(2 * this.latencyMs, () => {
      launcher.tell(others);
    });
    return launcher;
  }

  dial(caller: SimulatedLauncher, address: PeerAddress): void {
    this.time.after(2 * this.latencyMs, () => {
      if (!caller.isUp) return;
      const callee = this.#byAddress.get(addressKey(address));
      const calleePeer = callee?.meet(caller, 'incoming');
      if (!callee || calleePeer === undefined) {
        caller.swarm.dialFailed(address, this.time.nowMs);
        return;
      }
      const callerPeer = caller.meet(callee, 'outgoing');
      if (callerPeer === undefined) {
        callee.linkBroke(calleePeer);
        return;
      }
      caller.join(callerPeer, calleePeer);
      callee.join(calleePeer, callerPeer);
      caller.pump();
      callee.pump();
    });
  }

  /** Runs until every launcher that is up has everything. */
  runUntilAllFinished(limitSeconds: number): boolean {
    return this.time.runUntil(
      () => this.launchers.every((launcher) => !launcher.isUp || launcher.finishedMs !== undefined),
      limitSeconds * 1000,
    );
  }

  runFor(seconds: number): void {
    const endMs = this.time.nowMs + seconds * 1000;
    this.time.runUntil(() => this.time.nowMs >= endMs, endMs);
  }

  #branch(): () => number {
    return seededRandom(Math.floor(this.random() * 2 ** 32));
  }
}
