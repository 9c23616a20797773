const WIDTH_MIN = 16;
const WIDTH_MAX = 30;

/** Which hashes occur, with a few that do not: a bit for each value of their upper bits. */
export class HashFilter {
  readonly #bits: Uint32Array;
  readonly #shift: number;

  /** @param bitsLog2 For each hash that is expected there is this power of two of bits. */
  constructor(countExpected: number, bitsLog2: number) {
    const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.ceil(Math.log2(countExpected + 1)) + bitsLog2));
    this.#bits = new Uint32Array(2 ** (width - 5));
    this.#shift = 32 - width;
  }

  get lengthBytes(): number {
    return this.#bits.byteLength;
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
