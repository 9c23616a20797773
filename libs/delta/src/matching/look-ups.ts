import type { PositionIndex } from './position-index.ts';

const BATCH_PLACES = 4096;

/**
 * Look-ups of rising places in an index, made ahead, many at a time: those wait for memory together, where each would wait alone
 * between steps that depend on it.
 */
export class LookUps {
  readonly index: PositionIndex;
  readonly #stretches: Iterator<readonly [from: number, to: number, ...rest: unknown[]]>;
  /** Places that the index may have something for, and their slots. */
  readonly #places = new Int32Array(BATCH_PLACES);
  readonly #slots = new Int32Array(BATCH_PLACES);
  #count = 0;
  #next = 0;
  #from = 0;
  #to = 0;
  #isDone = false;

  /** @param stretches The places that will be looked up. */
  constructor(index: PositionIndex, stretches: Iterator<readonly [from: number, to: number, ...rest: unknown[]]>) {
    this.index = index;
    this.#stretches = stretches;
  }

  /**
   * @param at Above what was asked before; places in between need not be asked.
   * @returns The slot of the index with places that may have the same bytes; -1 without one.
   */
  slotAt(at: number): number {
    for (;;) {
      for (; this.#next < this.#count; this.#next += 1) {
        const place = this.#places[this.#next] ?? 0;
        if (place > at) return -1;
        if (place === at) return this.#slots[this.#next] ?? -1;
      }
      if (this.#from > at || this.#isDone) return -1;
      this.#look(at);
    }
  }

  #look(at: number): void {
    this.#next = 0;
    this.#count = 0;
    let room = BATCH_PLACES;
    while (room > 0) {
      if (this.#from >= this.#to) {
        const stretch = this.#stretches.next();
        this.#isDone = stretch.done === true;
        if (stretch.done === true) break;
        [this.#from, this.#to] = stretch.value;
      }
      this.#from = Math.max(this.#from, at);
      if (this.#from >= this.#to) continue;
      const end = Math.min(this.#to, this.#from + room);
      this.#count = this.index.likely(this.#from, end, this.#places, this.#slots, this.#count);
      room -= end - this.#from;
      this.#from = end;
    }
    this.#count = this.index.keepLikely(this.#places, this.#slots, this.#count);
  }
}
