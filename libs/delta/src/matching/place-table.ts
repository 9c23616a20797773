import { hashAt } from './hash.ts';

const HASH_LENGTH_BYTES = 4;
const SLOT_BITS = 16;
const SLOT_SHIFT = 32 - SLOT_BITS;

/**
 * Places by a hash of the bytes there, in a table that stays in a processor's cache. Of places with one hash the one that was entered
 * last stays.
 */
export class PlaceTable {
  readonly #bytes: Uint8Array;
  readonly #places: Int32Array = new Int32Array(2 ** SLOT_BITS).fill(-1);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  enter(from: number, to: number): void {
    const end = Math.min(to, this.#bytes.length - HASH_LENGTH_BYTES + 1);
    for (let at = from; at < end; at += 1) {
      this.#places[hashAt(this.#bytes, at, HASH_LENGTH_BYTES) >>> SLOT_SHIFT] = at;
    }
  }

  /** A place that may have the bytes that are at `at`; -1 without one. */
  find(at: number): number {
    return this.#places[hashAt(this.#bytes, at, HASH_LENGTH_BYTES) >>> SLOT_SHIFT] ?? -1;
  }
}
