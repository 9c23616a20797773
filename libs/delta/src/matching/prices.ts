import { KIND_ADD, KIND_COPY, KIND_LITERAL } from './op-list.ts';

/** How a copy says where its source is; the first four cost next to nothing. */
export const SLOT_CONTINUE = 0;
export const SLOT_ALIGNED = 1;
export const SLOT_EARLIER = 2;
export const SLOT_EARLIEST = 3;
export const SLOT_NEAR = 4;
export const SLOT_BACK = 5;
const SLOTS = 6;
const KINDS = 3;
const WIDTHS = 34;
const LENGTHS_EXACT = 1024;
/** When counts are above this, older ones lose weight. */
const COUNT_MAX = 20_000;
/** The same for bytes and differences. */
const BYTE_COUNT_MAX = 262_144;
const RUN_BYTES_MAX = 16 * 1024 * 1024;
const RUN_BITS_A_DOUBLING = 1.3;
/** What one more difference of a run costs. */
const RUN_BITS = 0.4;
const RUN_START_BITS = 1;
/** Each copy is work for whoever applies the patch, and ties files together. */
const COPY_BITS = 1.5;

/** What operations cost in bits, by what was seen so far: an estimate of the coder's adaptive models. */
export class Prices {
  readonly #kindCounts: Float64Array = Float64Array.of(8, 4, 20, 4, 0.4, 32, 24, 40, 24);
  readonly #slotCounts = new Float64Array(KINDS * SLOTS);
  readonly #lengthCounts = new Float64Array(32).fill(1.2);
  readonly #nearCounts = new Float64Array(WIDTHS).fill(4);
  readonly #backCounts = new Float64Array(WIDTHS).fill(2);
  readonly #literalCounts = new Float64Array(256).fill(1);
  readonly #addCounts = new Float64Array(256).fill(1);
  /** Of literals, and of what differences make. */
  readonly #byteCounts = new Float64Array(256).fill(1);
  #literalRuns = 1;
  #literalBytes = 64;
  readonly #kind = new Float64Array(KINDS * KINDS);
  readonly #slot = new Float64Array(KINDS * SLOTS);
  readonly #length = new Float64Array(LENGTHS_EXACT);
  readonly #near = new Float64Array(WIDTHS);
  readonly #back = new Float64Array(WIDTHS);
  readonly #add = new Float64Array(256);
  readonly #literal = new Float64Array(256);
  readonly #plain = new Float64Array(256);

  constructor() {
    for (let index = 0; index < KINDS * SLOTS; index += 1) {
      this.#slotCounts[index] = [24, 1.2, 4, 4, 16, 16][index % SLOTS] ?? 1;
    }
    this.#lengthCounts.set([16, 32, 40, 32, 24, 16, 8, 4, 4, 4]);
    this.refresh();
  }

  literal(before: number, byte: number): number {
    const run = before === KIND_LITERAL ? 0 : (this.#kind[before * KINDS + KIND_LITERAL] ?? 0);
    return run + (this.#literal[byte] ?? 0);
  }

  /** What a byte costs less as a literal than as a difference, in the midst of such. */
  saving(byte: number, difference: number): number {
    return RUN_BITS + (this.#add[difference] ?? 0) - (this.#plain[byte] ?? 0);
  }

  add(before: number, difference: number): number {
    const run = before === KIND_ADD ? RUN_BITS : RUN_START_BITS + (this.#kind[before * KINDS + KIND_ADD] ?? 0);
    return run + (this.#add[difference] ?? 0);
  }

  /** Of a copy from one of the first four slots, without its length. */
  repeat(before: number, slot: number): number {
    return COPY_BITS + (this.#kind[before * KINDS + KIND_COPY] ?? 0) + (this.#slot[before * SLOTS + slot] ?? 0);
  }

  /** Of a copy from anywhere, without its length. */
  copy(before: number, jump: number, distance: number): number {
    const near = (this.#slot[before * SLOTS + SLOT_NEAR] ?? 0) + (this.#near[widthOf(foldSign(jump))] ?? 0);
    const back = (this.#slot[before * SLOTS + SLOT_BACK] ?? 0) + (this.#back[widthOf(distance)] ?? 0);
    return COPY_BITS + (this.#kind[before * KINDS + KIND_COPY] ?? 0) + Math.min(near, back);
  }

  length(length: number): number {
    return this.#length[Math.min(length, LENGTHS_EXACT - 1)] ?? 0;
  }

  noteLiteral(before: number, byte: number): void {
    if (before !== KIND_LITERAL) {
      increment(this.#kindCounts, before * KINDS + KIND_LITERAL);
      this.#literalRuns += 1;
    }
    this.#literalBytes += 1;
    increment(this.#literalCounts, byte);
    increment(this.#byteCounts, byte);
  }

  noteAdd(before: number, difference: number, byte: number): void {
    if (before !== KIND_ADD) increment(this.#kindCounts, before * KINDS + KIND_ADD);
    increment(this.#addCounts, difference);
    increment(this.#byteCounts, byte);
  }

  noteCopy(
    before: number,
    copy: { readonly slot: number; readonly jump: number; readonly distance: number; readonly length: number },
  ): void {
    increment(this.#kindCounts, before * KINDS + KIND_COPY);
    increment(this.#slotCounts, before * SLOTS + copy.slot);
    if (copy.slot === SLOT_NEAR) increment(this.#nearCounts, widthOf(foldSign(copy.jump)));
    if (copy.slot === SLOT_BACK) increment(this.#backCounts, widthOf(copy.distance));
    increment(this.#lengthCounts, 31 - Math.clz32(copy.length));
  }

  /** Makes the prices from the counts. */
  refresh(): void {
    for (let before = 0; before < KINDS; before += 1) {
      price(this.#kindCounts, this.#kind, before * KINDS, KINDS);
      price(this.#slotCounts, this.#slot, before * SLOTS, SLOTS);
    }
    // What saying how long a run of literals is costs: the longer they are, the more does another one.
    const literalRun = 1 + RUN_BITS_A_DOUBLING * Math.log2(1 + this.#literalBytes / this.#literalRuns);
    if (this.#literalRuns > COUNT_MAX || this.#literalBytes > RUN_BYTES_MAX) {
      this.#literalRuns *= 0.7;
      this.#literalBytes *= 0.7;
    }
    // Paid when a run ends: what is cheapest so far then goes on with it.
    this.#kind[KIND_LITERAL * KINDS + KIND_ADD] = (this.#kind[KIND_LITERAL * KINDS + KIND_ADD] ?? 0) + literalRun;
    this.#kind[KIND_LITERAL * KINDS + KIND_COPY] = (this.#kind[KIND_LITERAL * KINDS + KIND_COPY] ?? 0) + literalRun;
    const lengths = new Float64Array(32);
    price(this.#lengthCounts, lengths, 0, 32);
    for (let length = 1; length < LENGTHS_EXACT; length += 1) {
      const width = 31 - Math.clz32(length);
      this.#length[length] = (lengths[width] ?? 0) + width;
    }
    price(this.#nearCounts, this.#near, 0, WIDTHS);
    price(this.#backCounts, this.#back, 0, WIDTHS);
    for (let width = 2; width < WIDTHS; width += 1) {
      this.#near[width] = (this.#near[width] ?? 0) + width - 1;
      this.#back[width] = (this.#back[width] ?? 0) + width - 1;
    }
    price(this.#literalCounts, this.#literal, 0, 256);
    price(this.#addCounts, this.#add, 0, 256);
    price(this.#byteCounts, this.#plain, 0, 256);
    for (const counts of [this.#kindCounts, this.#slotCounts, this.#lengthCounts, this.#nearCounts, this.#backCounts]) {
      age(counts, COUNT_MAX);
    }
    age(this.#literalCounts, BYTE_COUNT_MAX);
    age(this.#addCounts, BYTE_COUNT_MAX);
    age(this.#byteCounts, BYTE_COUNT_MAX);
  }

  /** The cheapest way to say where a source is that no alignment names. */
  slotOf(before: number, jump: number, distance: number): number {
    const near = (this.#slot[before * SLOTS + SLOT_NEAR] ?? 0) + (this.#near[widthOf(foldSign(jump))] ?? 0);
    const back = (this.#slot[before * SLOTS + SLOT_BACK] ?? 0) + (this.#back[widthOf(distance)] ?? 0);
    return near <= back ? SLOT_NEAR : SLOT_BACK;
  }
}

/** Signed to unsigned: 0, -1, 1, -2, … */
function foldSign(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function widthOf(value: number): number {
  return 32 - Math.clz32(value);
}

function increment(counts: Float64Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

function age(counts: Float64Array, sumMax: number): void {
  if (sumOf(counts, 0, counts.length) <= sumMax) return;
  for (let index = 0; index < counts.length; index += 1) counts[index] = (counts[index] ?? 0) * 0.7 + 0.1;
}

function sumOf(counts: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let index = from; index < from + count; index += 1) sum += counts[index] ?? 0;
  return sum;
}

function price(counts: Float64Array, prices: Float64Array, from: number, count: number): void {
  const sum = sumOf(counts, from, count);
  for (let index = from; index < from + count; index += 1) prices[index] = -Math.log2((counts[index] ?? 0) / sum);
}
