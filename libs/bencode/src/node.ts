import { Buffer } from 'node:buffer';

/** A value and its span in the input: `input.subarray(start, end)` is its encoding, byte for byte. */
export type BencodeNode = BencodeInteger | BencodeString | BencodeList | BencodeDictionary;

export class BencodeInteger {
  readonly kind = 'integer';
  readonly start: number;
  readonly end: number;
  readonly value: bigint;

  constructor(start: number, end: number, value: bigint) {
    this.start = start;
    this.end = end;
    this.value = value;
  }
}

export class BencodeString {
  readonly kind = 'string';
  readonly start: number;
  readonly end: number;
  readonly lengthBytes: number;
  readonly #input: Uint8Array;

  constructor(input: Uint8Array, start: number, end: number, lengthBytes: number) {
    this.#input = input;
    this.start = start;
    this.end = end;
    this.lengthBytes = lengthBytes;
  }

  /** A view of the input, not a copy. */
  get bytes(): Uint8Array {
    return this.#input.subarray(this.end - this.lengthBytes, this.end);
  }

  /** One character per byte; for keys and ASCII. */
  get latin1(): string {
    const { buffer, byteOffset } = this.#input;
    return Buffer.from(buffer, byteOffset + this.end - this.lengthBytes, this.lengthBytes).toString('latin1');
  }
}

export class BencodeList {
  readonly kind = 'list';
  readonly start: number;
  readonly end: number;
  readonly items: readonly BencodeNode[];

  constructor(start: number, end: number, items: readonly BencodeNode[]) {
    this.start = start;
    this.end = end;
    this.items = items;
  }
}

export class BencodeDictionary {
  readonly kind = 'dictionary';
  readonly start: number;
  readonly end: number;
  /** Keys hold one character per byte (latin1), in the order of the input. */
  readonly entries: ReadonlyMap<string, BencodeNode>;

  constructor(start: number, end: number, entries: ReadonlyMap<string, BencodeNode>) {
    this.start = start;
    this.end = end;
    this.entries = entries;
  }
}
