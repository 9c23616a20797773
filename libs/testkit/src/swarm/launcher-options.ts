import type { Place } from './place.ts';

/**
 * What a launcher does to others. `poisons`: some of its blocks are wrong. `free_rides`: it unchokes nobody. `lacks_pieces`: it
 * says that it has everything and rejects what it is asked for. `silent`: it says so too, and never answers.
 */
export type Conduct = 'honest' | 'poisons' | 'free_rides' | 'lacks_pieces' | 'silent';

export interface LauncherOptions {
  /** Bytes a second of its line, upwards. */
  readonly uplink?: number | undefined;
  /** Downwards; not bound unless said. */
  readonly downlink?: number | undefined;
  readonly maxUpload?: number | undefined;
  readonly maxDownload?: number | undefined;
  /** What it starts with; a bitfield as in BEP 3. */
  readonly starts?: 'empty' | 'complete' | Uint8Array | undefined;
  readonly conduct?: Conduct | undefined;
  /** Share of the blocks it sends that are wrong. */
  readonly corruption?: number | undefined;
  /** Two pieces are always allowed. */
  readonly heldBytesMax?: number | undefined;
  /** BEP 3 alone, whatever the network's others can do. */
  readonly capabilities?: 'basic' | undefined;
  /** As in BEP 16; for one that starts complete. */
  readonly superSeed?: boolean | undefined;
  /** After its start. */
  readonly deadlineMs?: number | undefined;
  /** Whether it can be dialled; behind a NAT it cannot. */
  readonly reach?: 'open' | 'behind_nat' | undefined;
  readonly place?: Place | undefined;
  /** UDP port of its DHT node; it has none unless said. */
  readonly dhtPort?: number | undefined;
}
