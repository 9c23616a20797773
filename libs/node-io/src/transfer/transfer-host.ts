import type { TokenBucket } from '@swarmpatch/swarm';

import type { PeerListener } from './peer-listener.ts';
import type { PieceHasher } from './piece-hasher.ts';

/** What a session lends to each of its torrents. */
export interface TransferHost {
  readonly listener: PeerListener | undefined;
  readonly peerUse: 'use' | 'avoid';
  readonly downloadLimit: TokenBucket;
  readonly uploadLimit: TokenBucket;
  readonly hasher: PieceHasher;
  readonly isPaused: boolean;
  /** Whether the session has a connection left to give. */
  readonly mayConnect: boolean;
}
