import type { SimulatedTorrent } from './simulated-torrent.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What everyone on a simulated network sees of it. */
export interface SimulatedNetwork {
  readonly time: VirtualTime;
  readonly torrent: SimulatedTorrent;
  readonly latencyMs: number;
}
