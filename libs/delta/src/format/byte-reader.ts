import { Buffer } from 'node:buffer';

import { DeltaError } from '../delta-error.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what `ByteWriter` wrote. Every method throws {DeltaError} `bad_patch` where there is something else. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw ends('a byte');
    this.#at += 1;
    return value;
  }

  varint(max: number, what: string): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (byte === 0 && scale > 1) break;
      if (value > max)
        throw new DeltaError('bad_patch', `read a patch: found ${value} ${what}, at most ${max} are wanted`);
      return value;
    }
    throw new DeltaError('bad_patch', `read a patch: found no shortest number below 2^53 of ${what}`);
  }

  signedVarint(what: string): number {
    const value = this.varint(Number.MAX_SAFE_INTEGER, what);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  raw(length: number): Uint8Array {
    if (length > this.left) throw ends(`${length} bytes`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uint32(): number {
    if (this.left < 4) throw ends('4 bytes');
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  /** UTF-8 up to a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw ends('a text with its zero byte');
    const bytes = this.raw(end - this.#at);
    this.#at += 1;
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      throw new DeltaError('bad_patch', 'read a patch: found a text that is not UTF-8', { cause });
    }
  }

  /** Bytes up to a zero byte. */
  bytesToZero(): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw ends('bytes with a zero behind them');
    const bytes = this.raw(end - this.#at);
    this.#at += 1;
    return bytes;
  }
}

function ends(wanted: string): DeltaError {
  return new DeltaError('bad_patch', `read a patch: it ends where ${wanted} should be`);
}
