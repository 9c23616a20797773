import { ProtocolError } from '@swarmpatch/peer-wire';

import { Allowance } from '../rates/allowance.ts';

/** Messages of one peer that bring nothing and are put up with in a second, and the burst before that holds. */
export const VAIN_MESSAGES_PER_SECOND_MAX = 200;
/** More than all requests and cancels that a choke can cross on the wire. */
export const VAIN_MESSAGES_BURST_MAX = 10_000;

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
