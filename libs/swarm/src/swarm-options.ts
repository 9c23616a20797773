import type { Metainfo } from '@swarmpatch/metainfo';
import type { ProtocolErrorCode } from '@swarmpatch/peer-wire';

import type { SelfDescription } from './extensions/extensions.ts';
import type { BlockLayout } from './pieces/block-layout.ts';
import type { PieceSlots } from './ports.ts';
import type { TokenBucket } from './rates/token-bucket.ts';

export interface SwarmOptions {
  readonly layout: BlockLayout;
  /** For hash trees (BEP 52), the allowed fast set (BEP 6) and whether the torrent is private (BEP 27). */
  readonly metainfo?: Metainfo | undefined;
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
  /** To give a first copy away with as few bytes as can be (BEP 16); for the only one who has everything. */
  readonly superSeed?: boolean | undefined;
  /** Whether peers of the local network are free of both limits. Default: they are counted. */
  readonly lanLimits?: 'exempt' | 'counted' | undefined;
  readonly webSeedCount: number;
  /** By web seed: lower tiers are asked first, higher ones while those bring nothing. All equal unless given. */
  readonly webSeedTiers?: readonly number[] | undefined;
  /** When everything should be here, on the clock of `nowMs`: HTTP joins in when peers are too slow for that. */
  readonly deadlineMs?: number | undefined;
  readonly heldBytesMax?: number | undefined;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface SwarmStats {
  /** Verified payload, without pads. */
  readonly fromPeersBytes: number;
  readonly fromWebSeedsBytes: number;
  /** All that came over HTTP, with what was fetched for nothing. */
  readonly webSeedRawBytes: number;
  /** Received and not verified, from anyone: wrong, double, between two wanted pieces, or still under way. */
  readonly wastedBytes: number;
  /** Taken from equal files that were on this disk. */
  readonly fromDiskBytes: number;
  readonly uploadedBytes: number;
  readonly badPieces: number;
  /** Connections that were ended because the peer broke the protocol, by the error's code. */
  readonly protocolErrors: Readonly<Partial<Record<ProtocolErrorCode, number>>>;
  readonly peers: number;
  readonly piecesHave: number;
  readonly piecesWantedLeft: number;
  readonly wantedLeftBytes: number;
  readonly peersBytesPerSecond: number;
  readonly webSeedsBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
}
