import type { PeerAddress } from '@swarmpatch/swarm';

import type { Invariant } from './broken-invariant.ts';
import type { RunDigest } from './run-digest.ts';
import type { SimulatedTorrent } from './simulated-torrent.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What everyone on a simulated network sees of it. */
export interface SimulatedNetwork {
  readonly time: VirtualTime;
  readonly torrent: SimulatedTorrent;
  /** One way, to whoever has no place of its own. */
  readonly latencyMs: number;
}

/** The network as a launcher needs it; `L` is a launcher, `O` an origin. */
export interface LauncherNetwork<L, O> extends SimulatedNetwork {
  /** With the fast extension (BEP 6), or as in BEP 3 alone. */
  readonly capabilities: 'fast' | 'basic';
  /** Whether peers tell each other of peers (BEP 10, 11), or the tracker alone does. */
  readonly peerExchange: 'on' | 'off';
  readonly tickMs: number;
  /** The books of an engine are compared once in so many turns. */
  readonly auditEvery: number;
  readonly origins: readonly O[];
  readonly digest: RunDigest;
  dial(caller: L, address: PeerAddress): void;
  /** It has everything, or is down: nobody waits for it. */
  settled(launcher: L): void;
  isLiar(host: string): boolean;
  /** @throws {BrokenInvariant} */
  broken(invariant: Invariant, detail: string): never;
}
