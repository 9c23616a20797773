import { hashAt } from './hash.ts';
import type { HashFilter } from './hash-filter.ts';

const BATCH_PLACES = 1 << 16;
/** A filter that is no larger stays in a processor's cache. */
const SIEVE_BYTES_MAX = 8 * 1024 * 1024;
const REGION_BITS = 8;
const REGION_SHIFT = 32 - REGION_BITS;

/** Stretches of a buffer, rising. */
export interface Skips {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface PlaceBatchesOptions {
  /** How many bytes of a place are hashed. */
  readonly hashLength: number;
  /** Every how many bytes a place is given. */
  readonly stride: number;
  readonly skipped: Skips;
  /** When given, only places whose hash is in it are. */
  readonly wanted?: HashFilter | undefined;
}

/** Places and the hashes of their bytes; the arrays may be longer. */
export interface PlaceBatch {
  readonly hashes: Uint32Array;
  readonly places: Int32Array;
  readonly count: number;
}

export function copyOf({ hashes, places, count }: PlaceBatch): PlaceBatch {
  return { hashes: hashes.slice(0, count), places: places.slice(0, count), count };
}

/**
 * The places of a buffer with the hashes of their bytes, so many at a time. Each batch is ordered by the upper bits of the hashes, and
 * places of one hash rise: a large table is then entered region after region, where random access would wait for memory each time.
 */
export class PlaceBatches {
  readonly #bytes: Uint8Array;
  readonly #options: PlaceBatchesOptions;
  /** What is wanted, where asking for it in any order is cheap; else it is asked after places are ordered. */
  readonly #sieve: HashFilter | undefined;
  readonly #hashes = new Uint32Array(BATCH_PLACES);
  readonly #places = new Int32Array(BATCH_PLACES);
  readonly #foundHashes = new Uint32Array(BATCH_PLACES);
  readonly #foundPlaces = new Int32Array(BATCH_PLACES);
  readonly #regionEnds = new Int32Array((1 << REGION_BITS) + 1);
  #at = 0;
  #skip = 0;

  constructor(bytes: Uint8Array, options: PlaceBatchesOptions) {
    this.#bytes = bytes;
    this.#options = options;
    const { wanted } = options;
    this.#sieve = wanted && wanted.lengthBytes <= SIEVE_BYTES_MAX ? wanted : undefined;
  }

  /** Each batch is overwritten by the next. */
  *all(): Generator<PlaceBatch> {
    for (let found = this.#find(); found > 0; found = this.#find()) {
      this.#order(found);
      yield { hashes: this.#hashes, places: this.#places, count: this.#keepWanted(found) };
    }
  }

  /** @returns How many. */
  #find(): number {
    const { hashLength, stride, skipped } = this.#options;
    const bytes = this.#bytes;
    const sieve = this.#sieve;
    const last = bytes.length - hashLength;
    const hashes = this.#foundHashes;
    const places = this.#foundPlaces;
    let at = this.#at;
    let nextSkip = skipped.starts[this.#skip] ?? Infinity;
    let count = 0;
    for (; at <= last && count < BATCH_PLACES; at += stride) {
      if (at >= nextSkip) {
        const end = skipped.ends[this.#skip] ?? 0;
        this.#skip += 1;
        nextSkip = skipped.starts[this.#skip] ?? Infinity;
        at += Math.max(0, Math.ceil((end - at) / stride)) * stride - stride;
        continue;
      }
      const hash = hashAt(bytes, at, hashLength);
      if (sieve && !sieve.has(hash)) continue;
      hashes[count] = hash;
      places[count] = at;
      count += 1;
    }
    this.#at = at;
    return count;
  }

  #order(count: number): void {
    const hashes = this.#foundHashes;
    const places = this.#foundPlaces;
    const ends = this.#regionEnds.fill(0);
    for (let index = 0; index < count; index += 1) {
      const region = ((hashes[index] ?? 0) >>> REGION_SHIFT) + 1;
      ends[region] = (ends[region] ?? 0) + 1;
    }
    for (let region = 1; region < ends.length; region += 1)
      ends[region] = (ends[region] ?? 0) + (ends[region - 1] ?? 0);
    for (let index = 0; index < count; index += 1) {
      const hash = hashes[index] ?? 0;
      const region = hash >>> REGION_SHIFT;
      const place = ends[region] ?? 0;
      ends[region] = place + 1;
      this.#hashes[place] = hash;
      this.#places[place] = places[index] ?? 0;
    }
  }

  /** After they are ordered: the filter, too, is then read region after region. @returns How many are left. */
  #keepWanted(count: number): number {
    const { wanted } = this.#options;
    if (!wanted || this.#sieve) return count;
    const hashes = this.#hashes;
    const places = this.#places;
    let kept = 0;
    for (let index = 0; index < count; index += 1) {
      const hash = hashes[index] ?? 0;
      if (!wanted.has(hash)) continue;
      hashes[kept] = hash;
      places[kept] = places[index] ?? 0;
      kept += 1;
    }
    return kept;
  }
}
