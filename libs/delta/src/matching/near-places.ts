import { PlaceTable } from './place-table.ts';

/** What is looked at on each side of an expected source, at most. */
const REACH_BYTES_MAX = 16 * 1024;
/** Of what was entered one after another, how much may still be in the table. */
const SPAN_BYTES = 64 * 1024;

/** Places around the one where the next source is expected. */
export class NearPlaces {
  readonly #table: PlaceTable;
  readonly #reachBytesAByte: number;
  #start = 0;
  #end = 0;

  /** @param reachBytesAByte How far is looked for each byte that is known to lie there or has to be found: what it costs stays in proportion. */
  constructor(bytes: Uint8Array, reachBytesAByte: number) {
    this.#table = new PlaceTable(bytes);
    this.#reachBytesAByte = reachBytesAByte;
  }

  /**
   * Enters what is around a stretch.
   *
   * @param weightBytes How long the stretch is, and the copy that says that it is there.
   */
  follow(from: number, to: number, weightBytes: number): void {
    const reach = Math.min(REACH_BYTES_MAX, this.#reachBytesAByte * weightBytes);
    const start = Math.max(0, from - reach);
    const end = to + reach;
    if (start > this.#end || end < this.#start) {
      this.#table.enter(start, end);
      this.#start = start;
      this.#end = end;
      return;
    }
    if (start < this.#start) {
      this.#table.enter(start, this.#start);
      this.#start = start;
    }
    if (end > this.#end) {
      this.#table.enter(this.#end, end);
      this.#end = end;
      this.#start = Math.max(this.#start, end - SPAN_BYTES);
    }
  }

  find(at: number): number {
    return this.#table.find(at);
  }
}
