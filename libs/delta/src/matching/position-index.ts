import { hashAt } from './hash.ts';
import { HashFilter } from './hash-filter.ts';
import { copyOf, type PlaceBatch, PlaceBatches, type Skips } from './place-batches.ts';

const SLOT_BITS_MIN = 10;
const SLOT_BITS_MAX = 22;
/** To know about how many places would be entered, one of so many is looked at. */
const SAMPLE_STRIDES = 61;

/** So many places at most are kept from counting to filling. */
const KEPT_MAX = 1 << 22;
/** The filter of what is entered has this power of two of bits for each. */
const ENTERED_BITS_LOG2 = 4;

const NO_SKIPS: Skips = { starts: new Int32Array(0), ends: new Int32Array(0) };

export interface PositionIndexOptions {
  /** How many bytes of a place are hashed. */
  readonly hashLength: number;
  /** Every how many bytes a place is entered; doubled until the entries fit. */
  readonly strideBytes: number;
  readonly entriesMax: number;
  /** For how many entries the table is laid out. */
  readonly entriesExpected: number;
  /** Stretches that are not entered. */
  readonly skipped?: Skips | undefined;
  /** When given, only places whose hash one of the wanted places has are entered. */
  readonly wanted?: HashFilter | undefined;
}

/**
 * Places of a buffer by a hash of the bytes there. In each slot they rise, so that those near to a wanted place are found by
 * bisection, however many share the slot.
 */
export class PositionIndex {
  readonly hashLength: number;
  /** Every how many bytes a place is entered. */
  readonly strideBytes: number;
  readonly #bytes: Uint8Array;
  readonly #shift: number;
  /** Where each slot begins, and the end of the last. */
  readonly #starts: Uint32Array;
  readonly #positions: Int32Array;
  /** Most look-ups find nothing: it says so from a table that is much smaller. */
  readonly #entered: HashFilter;

  constructor(
    bytes: Uint8Array,
    { hashLength, strideBytes, entriesExpected, entriesMax, skipped = NO_SKIPS, wanted }: PositionIndexOptions,
  ) {
    this.hashLength = hashLength;
    this.#bytes = bytes;
    const bits = Math.min(SLOT_BITS_MAX, Math.max(SLOT_BITS_MIN, Math.ceil(Math.log2(entriesExpected + 1))));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits + 1);
    const every = (stride: number): PlaceBatches => new PlaceBatches(bytes, { hashLength, stride, skipped, wanted });
    let stride = strideBytes;
    if (bytes.length / stride > entriesMax) {
      // A count for every doubling would take longer than all that comes after.
      const sample = this.#count(every(stride * SAMPLE_STRIDES)).count * SAMPLE_STRIDES;
      while ((sample * strideBytes) / stride > entriesMax) stride *= 2;
      this.#starts.fill(0);
    }
    let { count, kept } = this.#count(every(stride));
    while (count > entriesMax && stride < bytes.length) {
      stride *= 2;
      this.#starts.fill(0);
      ({ count, kept } = this.#count(every(stride)));
    }
    this.strideBytes = stride;
    this.#positions = new Int32Array(count);
    this.#entered = new HashFilter(count, ENTERED_BITS_LOG2);
    this.#fill(kept ?? every(stride).all());
  }

  /** The first half of a counting sort: makes `#starts` the first place of each slot. Few places need not be found twice. */
  #count(batches: PlaceBatches): { readonly count: number; readonly kept: Iterable<PlaceBatch> | undefined } {
    const starts = this.#starts;
    const shift = this.#shift;
    let kept: PlaceBatch[] | undefined = [];
    let count = 0;
    for (const batch of batches.all()) {
      const { hashes } = batch;
      for (let index = 0; index < batch.count; index += 1) {
        const slot = ((hashes[index] ?? 0) >>> shift) + 1;
        starts[slot] = (starts[slot] ?? 0) + 1;
      }
      count += batch.count;
      if (count <= KEPT_MAX) kept?.push(copyOf(batch));
      else kept = undefined;
    }
    for (let slot = 1; slot < starts.length; slot += 1) starts[slot] = (starts[slot] ?? 0) + (starts[slot - 1] ?? 0);
    return { count, kept };
  }

  #fill(batches: Iterable<PlaceBatch>): void {
    const starts = this.#starts;
    const positions = this.#positions;
    const shift = this.#shift;
    for (const { hashes, places, count } of batches) {
      for (let index = 0; index < count; index += 1) {
        const hash = hashes[index] ?? 0;
        this.#entered.add(hash);
        const slot = hash >>> shift;
        const place = starts[slot] ?? 0;
        positions[place] = places[index] ?? 0;
        starts[slot] = place + 1;
      }
    }
    starts.copyWithin(1, 0, starts.length - 1);
    starts[0] = 0;
  }

  /** The slot of places that may have the bytes that are at `at`; -1 when there are none. */
  slotAt(at: number): number {
    const hash = hashAt(this.#bytes, at, this.hashLength);
    return this.#entered.has(hash) ? hash >>> this.#shift : -1;
  }

  /**
   * Appends those places of a stretch that have a slot, and the slots.
   *
   * @returns How many there are then.
   */
  likely(from: number, to: number, places: Int32Array, slots: Int32Array, count: number): number {
    const end = Math.min(to, this.#bytes.length - this.hashLength + 1);
    let found = count;
    for (let at = from; at < end; at += 1) {
      const slot = this.slotAt(at);
      if (slot < 0) continue;
      places[found] = at;
      slots[found] = slot;
      found += 1;
    }
    return found;
  }

  /**
   * Takes those places away whose slot has one place alone, and that with other bytes.
   *
   * @returns How many are left.
   */
  keepLikely(places: Int32Array, slots: Int32Array, count: number): number {
    const bytes = this.#bytes;
    let kept = 0;
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] ?? 0;
      const at = places[index] ?? 0;
      const start = this.#starts[slot] ?? 0;
      const end = this.#starts[slot + 1] ?? 0;
      if (end === start) continue;
      if (end - start === 1) {
        const source = this.#positions[start] ?? 0;
        if (source >= at || bytes[source] !== bytes[at] || bytes[source + 1] !== bytes[at + 1]) continue;
      }
      places[kept] = at;
      slots[kept] = slot;
      kept += 1;
    }
    return kept;
  }

  /**
   * Places before `at` that may have the same bytes: those on both sides of `near`, and the latest.
   *
   * @param slot Of `at`.
   * @param into Has room for three times `reach`.
   * @returns How many there are.
   */
  candidates(slot: number, at: number, near: number, reach: number, into: Int32Array): number {
    const positions = this.#positions;
    const start = this.#starts[slot] ?? 0;
    let end = this.#starts[slot + 1] ?? 0;
    if (start === end) return 0;
    if ((positions[end - 1] ?? 0) >= at) end = lowerBound(positions, start, end, at);
    let count = 0;
    if (end - start <= 2 * reach) {
      for (let index = end - 1; index >= start; index -= 1) {
        into[count] = positions[index] ?? 0;
        count += 1;
      }
      return count;
    }
    const middle = lowerBound(positions, start, end, near);
    const high = Math.min(end, middle + reach);
    for (let index = Math.max(start, middle - reach); index < high; index += 1) {
      into[count] = positions[index] ?? 0;
      count += 1;
    }
    for (let index = Math.max(high, end - reach); index < end; index += 1) {
      into[count] = positions[index] ?? 0;
      count += 1;
    }
    return count;
  }
}

/** The first index from `start` on whose position is not below `wanted`. */
function lowerBound(positions: Int32Array, start: number, end: number, wanted: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
