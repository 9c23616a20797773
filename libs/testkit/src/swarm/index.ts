export { BrokenInvariant, type Invariant } from './broken-invariant.ts';
export type { Conduct, LauncherOptions } from './launcher-options.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
export type { Place } from './place.ts';
export { SimulatedLauncher } from './simulated-launcher.ts';
export { type OriginOptions, SimulatedOrigin } from './simulated-origin.ts';
export { SimulatedTorrent } from './simulated-torrent.ts';
export { VirtualTime } from './virtual-time.ts';
