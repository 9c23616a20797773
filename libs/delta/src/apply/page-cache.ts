import { Buffer } from 'node:buffer';

export const PAGE_BYTES: number = 64 * 1024;
/** 24 MiB of pages. */
export const PAGE_COUNT_MAX = 384;
/** Pages next to one another are read together, up to so many. */
const PAGES_PER_READ = 16;

/** Reads a range of addresses into a buffer. */
export type LoadPages = (address: number, target: Uint8Array) => Promise<void>;

/**
 * Pages of one address space, the least lately wanted given up first. A batch first names all pages that it wants, then has
 * them loaded together, and may then take from them without waiting.
 */
export class PageCache {
  readonly #bytes: Buffer;
  readonly #slots = new Map<number, number>();
  readonly #pages: Float64Array;
  readonly #wantedIn: Float64Array;
  readonly #load: LoadPages;
  #end = 0;
  readonly #run: Uint8Array = new Uint8Array(PAGES_PER_READ * PAGE_BYTES);
  #missing: number[] = [];
  #batch = 0;
  #hand = 0;
  #wanted = 0;

  /** @param addressBytes How many addresses there may be: no more pages than they have are kept. */
  constructor(addressBytes: number, load: LoadPages) {
    const count = Math.min(PAGE_COUNT_MAX, Math.ceil(addressBytes / PAGE_BYTES) + 1);
    this.#bytes = Buffer.allocUnsafeSlow(count * PAGE_BYTES);
    this.#pages = new Float64Array(count).fill(-1);
    this.#wantedIn = new Float64Array(count).fill(-1);
    this.#load = load;
  }

  /** Begins a batch: what was wanted before may be given up. @param end The first address that has no byte yet. */
  begin(end: number): void {
    // The page that was cut short by the end of the last batch is longer now.
    this.#drop(Math.floor(this.#end / PAGE_BYTES));
    this.#end = end;
    this.#batch += 1;
    this.#wanted = 0;
  }

  /** Wants a page in this batch. False when the batch already wants all that the cache can hold. */
  want(page: number): boolean {
    const slot = this.#slots.get(page);
    if (slot !== undefined) {
      if (this.#wantedIn[slot] !== this.#batch) {
        if (this.#wanted === this.#pages.length) return false;
        this.#wantedIn[slot] = this.#batch;
        this.#wanted += 1;
      }
      return true;
    }
    if (this.#wanted === this.#pages.length) return false;
    this.#wanted += 1;
    const free = this.#evict();
    this.#pages[free] = page;
    this.#wantedIn[free] = this.#batch;
    this.#slots.set(page, free);
    this.#missing.push(page);
    return true;
  }

  /** Loads the wanted pages that are not there. */
  async load(): Promise<void> {
    if (this.#missing.length === 0) return;
    const missing = Float64Array.from(this.#missing).sort();
    this.#missing = [];
    for (let first = 0; first < missing.length;) {
      const page = missing[first] ?? 0;
      let count = 1;
      while (count < PAGES_PER_READ && missing[first + count] === page + count) count += 1;
      await this.#loadRun(page, count);
      first += count;
    }
  }

  /** Where in `bytes` the byte at an address is; its page must have been wanted and loaded. */
  placeOf(address: number): number {
    const page = Math.floor(address / PAGE_BYTES);
    const slot = this.#slots.get(page);
    if (slot === undefined) throw new Error(`read page ${page}: it is not there`);
    return slot * PAGE_BYTES + (address - page * PAGE_BYTES);
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  #drop(page: number): void {
    const slot = this.#slots.get(page);
    if (slot === undefined) return;
    this.#slots.delete(page);
    this.#pages[slot] = -1;
    this.#wantedIn[slot] = -1;
  }

  async #loadRun(page: number, count: number): Promise<void> {
    const address = page * PAGE_BYTES;
    const length = Math.min(count * PAGE_BYTES, this.#end - address);
    if (count === 1) {
      const place = this.placeOf(address);
      await this.#load(address, this.#bytes.subarray(place, place + length));
      return;
    }
    const run = this.#run.subarray(0, length);
    await this.#load(address, run);
    for (let index = 0; index < count; index += 1) {
      this.#bytes.set(
        run.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES),
        this.placeOf(address + index * PAGE_BYTES),
      );
    }
  }

  /** A slot that this batch does not want: there is one, or `want` had refused. */
  #evict(): number {
    for (;;) {
      const slot = this.#hand;
      this.#hand = (this.#hand + 1) % this.#pages.length;
      if (this.#wantedIn[slot] === this.#batch) continue;
      const page = this.#pages[slot] ?? -1;
      if (page >= 0) this.#slots.delete(page);
      return slot;
    }
  }
}
