export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
export { type LauncherOptions, SimulatedLauncher } from './simulated-launcher.ts';
export { type OriginOptions, SimulatedOrigin } from './simulated-origin.ts';
export { SimulatedTorrent } from './simulated-torrent.ts';
export { VirtualTime } from './virtual-time.ts';
