import type { Metainfo } from '@swarmpatch/metainfo';
import type { EncryptionPolicy } from '@swarmpatch/peer-wire';
import type { FoundPeer, PieceStore, SwarmStats } from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import type { ListenAddress } from './peer-listener.ts';
import type { DiscoveryOptions } from './session-discovery.ts';
import type { Stall } from './source-verdict.ts';

/** Of peers and web seeds together; absent for no limit. */
export interface TransferLimits {
  readonly downloadBytesPerSecond?: number | undefined;
  readonly uploadBytesPerSecond?: number | undefined;
}

/** What all torrents of a session have in common. */
export interface SessionOptions {
  /** Where peers may come in; every interface and a free port unless given. */
  readonly listen?: ListenAddress | undefined;
  readonly peerUse?: 'use' | 'avoid' | undefined;
  /** Of connections to peers; `prefer` unless given. */
  readonly encryption?: EncryptionPolicy | undefined;
  /** Whether torrents that are complete at their start are given away with as few bytes as can be (BEP 16). */
  readonly superSeed?: boolean | undefined;
  /** Of all torrents together. */
  readonly limits?: TransferLimits | undefined;
  /** Whether peers of the local network are free of all limits; they are counted unless given. */
  readonly lanLimits?: 'exempt' | 'counted' | undefined;
  /** Ways to find peers beside trackers; none unless given. */
  readonly discovery?: DiscoveryOptions | undefined;
  /** Of all torrents together; `SESSION_CONNECTIONS_MAX` unless given. */
  readonly connectionsMax?: number | undefined;
}

/** One torrent of a session. */
export interface TorrentOptions {
  readonly metainfo: Metainfo;
  readonly store: PieceStore;
  /** Pieces that are in the store, verified: a bitfield as in BEP 3. */
  readonly have: Uint8Array;
  /** All, unless given. */
  readonly wanted?: Uint8Array | undefined;
  /** Announce URLs in tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly WebSeed[];
  readonly peers?: readonly FoundPeer[] | undefined;
  readonly webSeedUse?: 'use' | 'avoid' | undefined;
  /** Of this torrent alone, beside those of the session. */
  readonly torrentLimits?: TransferLimits | undefined;
  /** For the whole transfer, without the time that it is paused, to `timed_out`. */
  readonly timeoutMs?: number | undefined;
  /** When all of it should be here, after the start: HTTP joins in when peers are too slow for that. */
  readonly deadlineMs?: number | undefined;
  /** Asked for every URL that a web seed leads to; unless given, only the hosts of the web seeds themselves. */
  readonly allowUrl?: ((url: URL) => boolean) | undefined;
  /** A piece that was to be served is not in the store as it should be any more; it was not sent. */
  readonly onDamaged?: ((piece: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((stats: TransferStats) => void) | undefined;
}

/** A session of one torrent. */
export interface TransferOptions extends SessionOptions, TorrentOptions {}

export interface TransferStats extends SwarmStats {
  readonly piecesWanted: number;
  /** Of the wanted files, without pads. */
  readonly wantedBytes: number;
  readonly downloadBytesPerSecond: number;
  /** While nothing comes. */
  readonly stall: Stall | undefined;
}
