import { Buffer } from 'node:buffer';

/** Bytes that grow. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written so far; stays as it is when more is written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#grow(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Unsigned LEB128, at most 2^53 - 1: seven bits a byte, lowest first, the top bit set on all but the last. */
  varint(value: number): void {
    this.#grow(8);
    let left = value;
    while (left > 0x7f) {
      this.#bytes[this.#length] = (left % 128) + 128;
      this.#length += 1;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#length] = left;
    this.#length += 1;
  }

  /** A varint of 2n for n from 0, of -2n - 1 below. */
  signedVarint(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  uint32(value: number): void {
    this.#grow(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  /** UTF-8 and a zero byte. */
  text(value: string): void {
    this.raw(Buffer.from(value));
    this.byte(0);
  }

  #grow(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}
