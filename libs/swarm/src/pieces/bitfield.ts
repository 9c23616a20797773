/** A set of pieces as BEP 3 sends it: bit 7 of byte 0 is piece 0. */
export class Bitfield {
  readonly bits: Uint8Array;
  readonly length: number;
  #count: number;

  /**
   * @param length How many pieces there are.
   * @param bits Copied; bits past the last piece are ignored.
   */
  constructor(length: number, bits?: Uint8Array) {
    this.length = length;
    this.bits = new Uint8Array(bitfieldBytes(length));
    this.#count = 0;
    if (!bits) return;
    this.bits.set(bits.subarray(0, this.bits.length));
    const spareBits = this.bits.length * 8 - length;
    const last = this.bits.length - 1;
    if (last >= 0) this.bits[last] = (this.bits[last] ?? 0) & (0xff << spareBits);
    for (const byte of this.bits) this.#count += bitCount(byte);
  }

  static full(length: number): Bitfield {
    return new Bitfield(length, new Uint8Array(bitfieldBytes(length)).fill(0xff));
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  has(index: number): boolean {
    return ((this.bits[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
  }

  /** Whether the bit was clear before. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    this.bits[index >>> 3] = (this.bits[index >>> 3] ?? 0) | (0x80 >>> (index & 7));
    this.#count += 1;
    return true;
  }

  /** Whether the bit was set before. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.bits[index >>> 3] = (this.bits[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7));
    this.#count -= 1;
    return true;
  }

  /** How many of the indexes from `first` on and before `end` are not in the set. */
  missingWithin(first: number, end: number): number {
    let missing = 0;
    for (let index = first; index < end; index += 1) if (!this.has(index)) missing += 1;
    return missing;
  }

  *indexes(): Generator<number, void> {
    for (let index = 0; index < this.length; index += 1) if (this.has(index)) yield index;
  }
}

/** Bytes of a bitfield of so many pieces. */
export function bitfieldBytes(pieceCount: number): number {
  return Math.ceil(pieceCount / 8);
}

/** Whether a bitfield from a peer has the right length and no bits past the last piece (BEP 3). */
export function isValidBitfield(bits: Uint8Array, pieceCount: number): boolean {
  if (bits.length !== bitfieldBytes(pieceCount)) return false;
  const spareBits = bits.length * 8 - pieceCount;
  return bits.length === 0 || ((bits[bits.length - 1] ?? 0) & ((1 << spareBits) - 1)) === 0;
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) count += 1;
  return count;
}
