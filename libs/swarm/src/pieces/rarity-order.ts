const OUT = -1;
/** Pieces that more peers have are equals: as many peers as that are never connected. */
const COUNTS_PER_TIER = 128;

/** Places of the order that pieces of one priority take. */
export interface Tier {
  readonly start: number;
  /** The pieces before this place are had by nobody who is counted. */
  readonly unavailableEnd: number;
  readonly end: number;
}

/**
 * Pieces that may be picked, ordered by priority and then by how many peers have them; order among equals is this client's
 * own. A count changes in O(1): a piece moves over the border between two neighbouring counts.
 */
export class RarityOrder {
  readonly #counts: Uint32Array;
  /** Pieces in order, the first `#size` of it. */
  readonly #order: Uint32Array;
  readonly #position: Int32Array;
  /** Where the pieces of each tier and count start in `#order`. */
  #starts: number[] = [0];
  /** By piece, which tier is its; undefined while there is one only. */
  #tierOf: Uint8Array | undefined;
  #tierCount = 1;
  readonly #random: () => number;
  #size = 0;

  constructor(pieceCount: number, random: () => number) {
    this.#counts = new Uint32Array(pieceCount);
    this.#order = new Uint32Array(pieceCount);
    this.#position = new Int32Array(pieceCount).fill(OUT);
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  /** Pieces that nobody is counted for: they take the first places of their tier. */
  get unavailableCount(): number {
    let count = 0;
    for (let tier = 0; tier < this.#tierCount; tier += 1) count += this.#startOf(tier, 1) - this.#startOf(tier, 0);
    return count;
  }

  get tierCount(): number {
    return this.#tierCount;
  }

  /** From 0, the highest priority, to `tierCount` - 1. */
  tier(tier: number): Tier {
    return {
      start: this.#startOf(tier, 0),
      unavailableEnd: this.#startOf(tier, 1),
      end: this.#startOf(tier + 1, 0),
    };
  }

  /** The tier of a piece's priority. */
  tierOf(piece: number): number {
    return this.#tierOf?.[piece] ?? 0;
  }

  /** @param priorities By piece, the highest first; undefined when all are equal. */
  setPriorities(priorities: Uint8Array | undefined): void {
    const pieces = Array.from(this.#order.subarray(0, this.#size));
    const ranks = [...new Set(priorities)].sort((a, b) => b - a);
    this.#tierCount = Math.max(1, ranks.length);
    const tierOfPriority = new Uint8Array(256);
    for (const [tier, priority] of ranks.entries()) tierOfPriority[priority] = tier;
    this.#tierOf = ranks.length > 1 ? priorities?.map((priority) => tierOfPriority[priority] ?? 0) : undefined;
    this.#starts = [0];
    this.#size = 0;
    this.#position.fill(OUT);
    for (const piece of pieces) this.add(piece);
  }

  count(piece: number): number {
    return this.#counts[piece] ?? 0;
  }

  includes(piece: number): boolean {
    return this.#position[piece] !== OUT;
  }

  /** The piece at a place of the order; places run from 0, the rarest, to `size` - 1. */
  at(place: number): number {
    return this.#order[place] ?? 0;
  }

  add(piece: number): void {
    if (this.includes(piece)) return;
    const bucket = this.#bucketOf(piece);
    this.#place(piece, this.#size);
    this.#size += 1;
    for (let above = this.#starts.length - 1; above > bucket; above -= 1) {
      const start = this.#starts[above] ?? 0;
      this.#swap(piece, start);
      this.#starts[above] = start + 1;
    }
    this.#shuffleWithin(piece, bucket);
  }

  remove(piece: number): void {
    if (!this.includes(piece)) return;
    for (let above = this.#bucketOf(piece) + 1; above < this.#starts.length; above += 1) {
      const start = (this.#starts[above] ?? 0) - 1;
      this.#swap(piece, start);
      this.#starts[above] = start;
    }
    this.#size -= 1;
    this.#swap(piece, this.#size);
    this.#position[piece] = OUT;
  }

  raise(piece: number): void {
    const before = this.#bucketOf(piece);
    this.#counts[piece] = this.count(piece) + 1;
    const bucket = this.#bucketOf(piece);
    if (!this.includes(piece) || bucket === before) return;
    const start = (this.#starts[bucket] ?? 0) - 1;
    this.#swap(piece, start);
    this.#starts[bucket] = start;
    this.#shuffleWithin(piece, bucket);
  }

  lower(piece: number): void {
    const count = this.count(piece);
    if (count === 0) throw new Error(`lower the count of piece ${piece}: it is 0 already`);
    const before = this.#bucketOf(piece);
    this.#counts[piece] = count - 1;
    const bucket = this.#bucketOf(piece);
    if (!this.includes(piece) || bucket === before) return;
    const start = this.#starts[before] ?? 0;
    this.#swap(piece, start);
    this.#starts[before] = start + 1;
    this.#shuffleWithin(piece, bucket);
  }

  #bucketOf(piece: number): number {
    const bucket = this.tierOf(piece) * COUNTS_PER_TIER + Math.min(this.count(piece), COUNTS_PER_TIER - 1);
    while (this.#starts.length <= bucket) this.#starts.push(this.#size);
    return bucket;
  }

  /** The first place of a tier's pieces with this count or a higher one. */
  #startOf(tier: number, count: number): number {
    return this.#starts[tier * COUNTS_PER_TIER + count] ?? this.#size;
  }

  #shuffleWithin(piece: number, bucket: number): void {
    const start = this.#starts[bucket] ?? 0;
    const end = this.#starts[bucket + 1] ?? this.#size;
    this.#swap(piece, start + Math.floor(this.#random() * (end - start)));
  }

  #swap(piece: number, place: number): void {
    const from = this.#position[piece] ?? 0;
    const other = this.at(place);
    this.#place(piece, place);
    if (other !== piece) this.#place(other, from);
  }

  #place(piece: number, place: number): void {
    this.#order[place] = piece;
    this.#position[piece] = place;
  }
}
