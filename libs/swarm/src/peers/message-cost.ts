import type { WireMessage } from '@swarmpatch/peer-wire';

import type { SwarmPeer } from './swarm-peer.ts';

/** A bitfield is as much work as so many others: each of its pieces is compared. */
const REPEATED_BITFIELD_COST = 100;

/**
 * What a message costs its sender before it is looked at. Blocks and rejects are answers, and haves of new pieces are as many
 * as there are pieces; what a request costs is known when it is refused.
 */
export function costOf(peer: SwarmPeer, message: WireMessage): number {
  switch (message.kind) {
    case 'block':
    case 'reject':
    case 'request':
      return 0;
    case 'have':
      return peer.pieces.has(message.piece) ? 1 : 0;
    case 'bitfield':
      return peer.hasSaidPieces ? REPEATED_BITFIELD_COST : 1;
    default:
      return 1;
  }
}
