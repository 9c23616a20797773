import { hashAt } from './hash.ts';

/**
 * Places by a hash of the bytes there, in a table that stays in a processor's cache. Of places with one hash the one that was entered
 * last stays.
 */
export class PlaceTable {
  readonly #bytes: Uint8Array;
  readonly #hashLength: number;
  readonly #shift: number;
  readonly #places: Int32Array;

  /** @param hashLength How many bytes of a place are hashed. @param bits The table has two to the power of it slots. */
  constructor(bytes: Uint8Array, hashLength: number, bits: number) {
    this.#bytes = bytes;
    this.#hashLength = hashLength;
    this.#shift = 32 - bits;
    this.#places = new Int32Array(2 ** bits).fill(-1);
  }

  enter(from: number, to: number): void {
    const end = Math.min(to, this.#bytes.length - this.#hashLength + 1);
    for (let at = from; at < end; at += 1) {
      this.#places[hashAt(this.#bytes, at, this.#hashLength) >>> this.#shift] = at;
    }
  }

  /** A place that may have the bytes that are at `at`; -1 without one. */
  find(at: number): number {
    return this.#places[hashAt(this.#bytes, at, this.#hashLength) >>> this.#shift] ?? -1;
  }
}
