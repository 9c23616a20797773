import type { MaybePromise } from '../maybe-promise.ts';

export const PAGE_BYTES: number = 32 * 1024;

/** Fills the target with the bytes from a place on. */
export type LoadPage = (place: number, target: Uint8Array) => MaybePromise<void>;

/** Pages of content that does not change, in a part of a larger buffer; those not used lately are given up first. */
export class PageCache {
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #length: number;
  readonly #load: LoadPage;
  /** Where each page begins in the buffer. */
  readonly #places = new Map<number, number>();
  readonly #pages: Float64Array;
  readonly #areUsed: Uint8Array;
  #hand = 0;
  /** The page that was found last: where it begins and ends in the content, and where in the buffer it begins. */
  #lastFrom = 0;
  #lastTo = 0;
  #lastPlace = 0;

  /**
   * @param room Where in the buffer pages may be.
   * @param content.length How much content there is: the last page is shorter.
   */
  constructor(
    room: { readonly bytes: Uint8Array; readonly begin: number; readonly pageCount: number },
    content: { readonly length: number; readonly load: LoadPage },
  ) {
    this.#bytes = room.bytes;
    this.#begin = room.begin;
    this.#length = content.length;
    this.#load = content.load;
    this.#pages = new Float64Array(room.pageCount).fill(-1);
    this.#areUsed = new Uint8Array(room.pageCount);
  }

  /** Where in the buffer the byte at a place of the content is; -1 when its page is not there. */
  find(place: number): number {
    if (place < this.#lastFrom || place >= this.#lastTo) {
      const page = Math.floor(place / PAGE_BYTES);
      const begin = this.#places.get(page);
      if (begin === undefined) return -1;
      this.#areUsed[(begin - this.#begin) / PAGE_BYTES] = 1;
      this.#lastFrom = page * PAGE_BYTES;
      this.#lastTo = this.#lastFrom + PAGE_BYTES;
      this.#lastPlace = begin;
    }
    return this.#lastPlace + (place - this.#lastFrom);
  }

  /** Brings the page of a place, which is not there. */
  load(place: number): MaybePromise<void> {
    const page = Math.floor(place / PAGE_BYTES);
    const slot = this.#evict();
    const begin = this.#begin + slot * PAGE_BYTES;
    this.#pages[slot] = page;
    this.#areUsed[slot] = 1;
    this.#places.set(page, begin);
    const from = page * PAGE_BYTES;
    return this.#load(from, this.#bytes.subarray(begin, begin + Math.min(PAGE_BYTES, this.#length - from)));
  }

  #evict(): number {
    for (;;) {
      const slot = this.#hand;
      this.#hand = (this.#hand + 1) % this.#pages.length;
      if (this.#areUsed[slot] === 1) {
        this.#areUsed[slot] = 0;
        continue;
      }
      const page = this.#pages[slot] ?? -1;
      if (page >= 0) this.#places.delete(page);
      if (page * PAGE_BYTES === this.#lastFrom) this.#lastTo = 0;
      return slot;
    }
  }
}
