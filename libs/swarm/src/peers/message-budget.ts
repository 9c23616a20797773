import { ProtocolError, type WireMessage } from '@swarmpatch/peer-wire';

import { Allowance } from '../rates/allowance.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** Messages of one peer that bring nothing and are put up with in a second, and the burst before that holds. */
export const VAIN_MESSAGES_PER_SECOND_MAX = 200;
/** More than all requests and cancels that a choke can cross on the wire. */
export const VAIN_MESSAGES_BURST_MAX = 10_000;
/** A bitfield is as much work as so many others: each of its pieces is compared. */
const REPEATED_BITFIELD_COST = 100;

/** Ends the connection of a peer that keeps this client busy with nothing. */
export class MessageBudget {
  readonly #allowance = new Allowance({ perSecond: VAIN_MESSAGES_PER_SECOND_MAX, burst: VAIN_MESSAGES_BURST_MAX });

  /** @throws {ProtocolError} `too_many_messages` */
  spend(cost: number, nowMs: number): void {
    if (this.#allowance.take(cost, nowMs)) return;
    throw new ProtocolError(
      'too_many_messages',
      `read messages: found ${VAIN_MESSAGES_BURST_MAX} that bring nothing, faster than ${VAIN_MESSAGES_PER_SECOND_MAX} a second`,
    );
  }
}

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
