import type { Metainfo } from '@swarmpatch/metainfo';
import type { PeerAddress, PieceStore, SwarmStats } from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import type { ListenAddress } from './peer-listener.ts';

/** Of peers and web seeds together. */
export interface TransferLimits {
  readonly downloadBytesPerSecond?: number | undefined;
  readonly uploadBytesPerSecond?: number | undefined;
}

export interface TransferOptions {
  readonly metainfo: Metainfo;
  readonly store: PieceStore;
  /** Pieces that are in the store, verified: a bitfield as in BEP 3. */
  readonly have: Uint8Array;
  /** All, unless given. */
  readonly wanted?: Uint8Array | undefined;
  /** Announce URLs in tiers. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly WebSeed[];
  /** Where peers may come in; every interface and a free port unless given. */
  readonly listen?: ListenAddress | undefined;
  readonly peers?: readonly PeerAddress[];
  readonly peerUse?: 'use' | 'avoid';
  readonly webSeedUse?: 'use' | 'avoid';
  readonly limits?: TransferLimits;
  /** For the whole transfer, to `timed_out`. */
  readonly timeoutMs?: number | undefined;
  /** Asked for every URL that a web seed leads to; unless given, only the hosts of the web seeds themselves. */
  readonly allowUrl?: ((url: URL) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((stats: TransferStats) => void) | undefined;
}

export interface TransferStats extends SwarmStats {
  readonly piecesWanted: number;
  /** Of the wanted files, without pads. */
  readonly wantedBytes: number;
  readonly downloadBytesPerSecond: number;
}
