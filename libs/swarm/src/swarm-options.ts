import type { SelfDescription } from './extensions/extensions.ts';
import type { BlockLayout } from './pieces/block-layout.ts';
import type { PieceSlots } from './ports.ts';
import type { TokenBucket } from './rates/token-bucket.ts';

export interface SwarmOptions {
  readonly layout: BlockLayout;
  /** Bitfields as in BEP 3. What is had is written and verified; all is wanted unless `wanted` says less. */
  readonly have: Uint8Array;
  readonly wanted?: Uint8Array | undefined;
  readonly slots: PieceSlots;
  /** Hex of this client's peer id. */
  readonly peerId: string;
  readonly self: SelfDescription;
  /** Addresses of this machine's interfaces: peers of the same subnets are dialled first. */
  readonly ownHosts?: readonly string[] | undefined;
  readonly downloadLimit: TokenBucket;
  readonly uploadLimit: TokenBucket;
  /** Whether peers of the local network are free of both limits. Default: they are counted. */
  readonly lanLimits?: 'exempt' | 'counted' | undefined;
  readonly webSeedCount: number;
  readonly heldBytesMax?: number | undefined;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface SwarmStats {
  /** Verified payload, without pads. */
  readonly fromPeersBytes: number;
  readonly fromWebSeedsBytes: number;
  /** Taken from equal files that were on this disk. */
  readonly fromDiskBytes: number;
  readonly uploadedBytes: number;
  readonly badPieces: number;
  readonly peers: number;
  readonly piecesHave: number;
  readonly piecesWantedLeft: number;
  readonly wantedLeftBytes: number;
  readonly peersBytesPerSecond: number;
  readonly webSeedsBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
}
