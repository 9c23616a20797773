import type { MaybePromise } from '../maybe-promise.ts';

export const PAGE_BYTES: number = 32 * 1024;
/** Slots of a `PageTable`: more than pages are at hand, so that hardly two of them want the same one. A power of two. */
export const PAGE_SLOTS = 4096;

/** Fills the target with the bytes from a place on. */
export type LoadPage = (place: number, target: Uint8Array) => MaybePromise<void>;

/** Where pages are found at once: each in the slot of its number modulo `PAGE_SLOTS`, as long as no other takes it. */
export interface PageTable {
  /** Of the page in a slot; -1 for none. */
  readonly numbers: Float64Array;
  /** Where in the buffer it begins. */
  readonly places: Uint32Array;
  /** For each page in the buffer, in its order: 1 once it is used. */
  readonly areUsed: Uint8Array;
}

/** Pages of content that does not change, in a part of a larger buffer; those not used lately are given up first. */
export class PageCache {
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #length: number;
  readonly #load: LoadPage;
  readonly #table: PageTable;
  /** Where each page begins in the buffer. */
  readonly #places = new Map<number, number>();
  readonly #pages: Float64Array;
  #hand = 0;

  /**
   * @param room Where in the buffer pages may be.
   * @param content.length How much content there is: the last page is shorter.
   */
  constructor(
    room: { readonly bytes: Uint8Array; readonly begin: number; readonly table: PageTable },
    content: { readonly length: number; readonly load: LoadPage },
  ) {
    this.#bytes = room.bytes;
    this.#begin = room.begin;
    this.#table = room.table;
    this.#length = content.length;
    this.#load = content.load;
    this.#pages = new Float64Array(room.table.areUsed.length).fill(-1);
    room.table.numbers.fill(-1);
  }

  /** Puts the page of a place into the table, and reads it before where it is not there. */
  bring(place: number): MaybePromise<void> {
    const page = Math.floor(place / PAGE_BYTES);
    const begin = this.#places.get(page);
    return begin === undefined ? this.#read(page) : this.#enter(page, begin);
  }

  /** How many pages there is room for. */
  get room(): number {
    return this.#pages.length;
  }

  /**
   * Fills a cache in which nothing is with its first pages.
   *
   * @param read Fills the target with their content, or says that it could not.
   */
  async fill(pageCount: number, read: (target: Uint8Array) => Promise<boolean>): Promise<void> {
    const content = this.#bytes.subarray(this.#begin, this.#begin + pageCount * PAGE_BYTES);
    if (!(await read(content))) return;
    for (let page = 0; page < pageCount; page += 1) this.#place(page, page);
  }

  #enter(page: number, begin: number): void {
    const slot = page % PAGE_SLOTS;
    this.#table.numbers[slot] = page;
    this.#table.places[slot] = begin;
  }

  #read(page: number): MaybePromise<void> {
    const room = this.#evict();
    const begin = this.#place(page, room);
    const from = page * PAGE_BYTES;
    return this.#load(from, this.#bytes.subarray(begin, begin + Math.min(PAGE_BYTES, this.#length - from)));
  }

  /** @returns Where in the buffer it begins. */
  #place(page: number, room: number): number {
    const begin = this.#begin + room * PAGE_BYTES;
    this.#pages[room] = page;
    this.#table.areUsed[room] = 1;
    this.#places.set(page, begin);
    this.#enter(page, begin);
    return begin;
  }

  #evict(): number {
    const { numbers, areUsed } = this.#table;
    for (;;) {
      const room = this.#hand;
      this.#hand = (this.#hand + 1) % this.#pages.length;
      if (areUsed[room] === 1) {
        areUsed[room] = 0;
        continue;
      }
      const page = this.#pages[room] ?? -1;
      if (page >= 0) this.#places.delete(page);
      if (numbers[page % PAGE_SLOTS] === page) numbers[page % PAGE_SLOTS] = -1;
      return room;
    }
  }
}
