import { hashAt } from './hash.ts';

const SLOT_BITS_MIN = 10;
const SLOT_BITS_MAX = 22;
const FILTER_BITS_MAX = 30;
/** To know about how many places would be entered, one of so many is looked at. */
const SAMPLE_STRIDES = 61;
/** The filter has this power of two of bits for each hash: more of them miss the processor's cache. */
const BITS_A_HASH_LOG2 = 1;

/** Stretches of a buffer, rising. */
export interface Skips {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

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

/** Which hashes occur, with a few that do not: a bit for each value of their upper bits. */
export class HashFilter {
  readonly #bits: Uint32Array;
  readonly #shift: number;

  constructor(countExpected: number) {
    const width = Math.min(FILTER_BITS_MAX, Math.max(16, Math.ceil(Math.log2(countExpected + 1)) + BITS_A_HASH_LOG2));
    this.#bits = new Uint32Array(2 ** (width - 5));
    this.#shift = 32 - width;
  }

  add(hash: number): void {
    const bit = hash >>> this.#shift;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  has(hash: number): boolean {
    const bit = hash >>> this.#shift;
    return (((this.#bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }
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

  constructor(
    bytes: Uint8Array,
    { hashLength, strideBytes, entriesExpected, entriesMax, skipped = NO_SKIPS, wanted }: PositionIndexOptions,
  ) {
    this.hashLength = hashLength;
    this.#bytes = bytes;
    const bits = Math.min(SLOT_BITS_MAX, Math.max(SLOT_BITS_MIN, Math.ceil(Math.log2(entriesExpected + 1))));
    this.#shift = 32 - bits;
    this.#starts = new Uint32Array(2 ** bits + 1);
    let stride = strideBytes;
    if (bytes.length / stride > entriesMax) {
      // A count for every doubling would take longer than all that comes after.
      const sample = this.#count(stride * SAMPLE_STRIDES, skipped, wanted) * SAMPLE_STRIDES;
      while ((sample * strideBytes) / stride > entriesMax) stride *= 2;
      this.#starts.fill(0);
    }
    let count = this.#count(stride, skipped, wanted);
    while (count > entriesMax && stride < bytes.length) {
      stride *= 2;
      this.#starts.fill(0);
      count = this.#count(stride, skipped, wanted);
    }
    this.strideBytes = stride;
    this.#positions = new Int32Array(count);
    this.#fill(stride, skipped, wanted);
  }

  /** The first half of a counting sort: makes `#starts` the first place of each slot. */
  #count(stride: number, skipped: Skips, wanted: HashFilter | undefined): number {
    const starts = this.#starts;
    const bytes = this.#bytes;
    const hashLength = this.hashLength;
    let skip = 0;
    for (let at = 0; at + hashLength <= bytes.length; at += stride) {
      if (at >= (skipped.starts[skip] ?? Infinity)) {
        const end = skipped.ends[skip] ?? 0;
        skip += 1;
        if (at < end) at += Math.ceil((end - at) / stride) * stride;
        at -= stride;
        continue;
      }
      const hash = hashAt(bytes, at, hashLength);
      if (wanted && !wanted.has(hash)) continue;
      const slot = (hash >>> this.#shift) + 1;
      starts[slot] = (starts[slot] ?? 0) + 1;
    }
    for (let slot = 1; slot < starts.length; slot += 1) starts[slot] = (starts[slot] ?? 0) + (starts[slot - 1] ?? 0);
    return starts[starts.length - 1] ?? 0;
  }

  #fill(stride: number, skipped: Skips, wanted: HashFilter | undefined): void {
    const starts = this.#starts;
    const bytes = this.#bytes;
    const hashLength = this.hashLength;
    const positions = this.#positions;
    let skip = 0;
    for (let at = 0; at + hashLength <= bytes.length; at += stride) {
      if (at >= (skipped.starts[skip] ?? Infinity)) {
        const end = skipped.ends[skip] ?? 0;
        skip += 1;
        if (at < end) at += Math.ceil((end - at) / stride) * stride;
        at -= stride;
        continue;
      }
      const hash = hashAt(bytes, at, hashLength);
      if (wanted && !wanted.has(hash)) continue;
      const slot = hash >>> this.#shift;
      const place = starts[slot] ?? 0;
      positions[place] = at;
      starts[slot] = place + 1;
    }
    starts.copyWithin(1, 0, starts.length - 1);
    starts[0] = 0;
  }

  /**
   * Places before `at` that may have the same bytes: those on both sides of `near`, and the latest.
   *
   * @param into Has room for three times `reach`.
   * @returns How many there are.
   */
  candidates(at: number, near: number, reach: number, into: Int32Array): number {
    const slot = hashAt(this.#bytes, at, this.hashLength) >>> this.#shift;
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
