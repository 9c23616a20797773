import { hash, timingSafeEqual } from 'node:crypto';
import type { IpAddress } from './ip-address.ts';
import { CONNECTION_ID_BYTES } from './udp-packet.ts';

export const CONNECTION_SECRET_BYTES = 32;
/** An id is good for the rest of its slot and the two after it: 5 to 7.5 minutes, as some clients keep theirs for five. */
export const CONNECTION_SLOT_MS = 150_000;
const SLOTS_KEPT = 2;

/**
 * Connection ids that need no memory: a keyed hash of the time slot and the source address, so that only a host which
 * received an id at that address can use it (BEP 15; see "tracker as weapon").
 */
export class ConnectionIds {
  readonly #message: Uint8Array;
  readonly #slotAt = CONNECTION_SECRET_BYTES;
  readonly #addressAt = CONNECTION_SECRET_BYTES + 5;

  /** @param secret 32 random bytes, new at every start. */
  constructor(secret: Uint8Array) {
    if (secret.length !== CONNECTION_SECRET_BYTES) throw new RangeError(`A secret is ${CONNECTION_SECRET_BYTES} bytes`);
    this.#message = new Uint8Array(this.#addressAt + 16);
    this.#message.set(secret, 0);
  }

  issue(address: IpAddress, nowMs: number): Uint8Array {
    return this.#idOf(Math.floor(nowMs / CONNECTION_SLOT_MS), address);
  }

  isValid(connectionId: Uint8Array, address: IpAddress, nowMs: number): boolean {
    const slot = Math.floor(nowMs / CONNECTION_SLOT_MS);
    const age = (slot - (connectionId[CONNECTION_ID_BYTES - 1] ?? 0)) & 0xff;
    if (connectionId.length !== CONNECTION_ID_BYTES || age > SLOTS_KEPT || age > slot) return false;
    return timingSafeEqual(this.#idOf(slot - age, address), connectionId);
  }

  /** Seven bytes of hash, then the slot's low byte, which saves trying every slot that is still good. */
  #idOf(slot: number, address: IpAddress): Uint8Array {
    const message = this.#message;
    // The whole hashed message has one length, so a prefix key is safe with SHA-256.
    for (let index = 0, rest = slot; index < 5; index += 1, rest = Math.floor(rest / 256))
      message[this.#slotAt + index] = rest & 0xff;
    message.fill(0, this.#addressAt);
    message.set(address, message.length - address.length);
    const id = hash('sha256', message, 'buffer').subarray(0, CONNECTION_ID_BYTES);
    id[CONNECTION_ID_BYTES - 1] = slot & 0xff;
    return id;
  }
}
