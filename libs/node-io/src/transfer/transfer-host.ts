import type { EncryptionPolicy } from '@swarmpatch/peer-wire';

import type { TrackerClient } from '../tracker-client/index.ts';
import type { PeerListener } from './peer-listener.ts';
import type { PieceHasher } from './piece-hasher.ts';
import type { ReadCache } from './read-cache.ts';
import type { SessionDiscovery } from './session-discovery.ts';
import type { SharedFiles } from './shared-files.ts';
import type { TransferBuckets } from './transfer-buckets.ts';

/** What a session lends to each of its torrents. */
export interface TransferHost {
  readonly listener: PeerListener | undefined;
  readonly peerUse: 'use' | 'avoid';
  /** Of this torrent, under those of the session. */
  readonly limits: TransferBuckets;
  readonly trackerClient: TrackerClient;
  readonly discovery: SessionDiscovery;
  /** Whether peers of the local network are free of the limits. */
  readonly lanLimits: 'exempt' | 'counted';
  readonly encryption: EncryptionPolicy;
  readonly superSeed: boolean;
  readonly hasher: PieceHasher;
  readonly readCache: ReadCache;
  /** Memory for pieces that are not written yet. */
  readonly heldBytesMax: number;
  readonly sharedFiles: SharedFiles;
  readonly isPaused: boolean;
  /** Whether the session has a connection left to give. */
  readonly mayConnect: boolean;
}
