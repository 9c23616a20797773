import { PlaceTable } from './place-table.ts';

const TABLE_BITS = 16;
/** What is looked at on each side of an expected source, at most. */
const REACH_BYTES_MAX = 16 * 1024;
/** How far that is for each byte which is known to lie there or has to be found: what it costs stays in proportion. */
const REACH_BYTES_A_BYTE = 4;
/** Of what was entered one after another, how much may still be in the table. */
const SPAN_BYTES = 64 * 1024;

/** Places around the one where the next source is expected. */
export class NearPlaces {
  readonly #table: PlaceTable;
  #start = 0;
  #end = 0;

  constructor(bytes: Uint8Array, hashLength: number) {
    this.#table = new PlaceTable(bytes, hashLength, TABLE_BITS);
  }

  /**
   * Enters what is around a stretch.
   *
   * @param weightBytes How long the stretch is, and the copy that says that it is there.
   */
  follow(from: number, to: number, weightBytes: number): void {
    const reach = Math.min(REACH_BYTES_MAX, REACH_BYTES_A_BYTE * weightBytes);
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
