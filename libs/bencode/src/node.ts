import { Buffer } from 'node:buffer';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text, or undefined when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A value and its span in the input: `input.subarray(start, end)` is its encoding, byte for byte. */
export type BencodeNode = BencodeInteger | BencodeString | BencodeList | BencodeDictionary;

export class BencodeInteger {
  readonly kind = 'integer';
  readonly start: number;
  readonly end: number;
  /** A number where that is exact: a bigint for each length of a large torrent weighs much. */
  readonly #value: number | bigint;

  constructor(start: number, end: number, value: number | bigint) {
    this.start = start;
    this.end = end;
    this.#value = value;
  }

  /** 64 bits, signed. */
  get value(): bigint {
    return BigInt(this.#value);
  }

  /** Undefined when it is not a safe integer. */
  get number(): number | undefined {
    const value = Number(this.#value);
    return Number.isSafeInteger(value) ? value : undefined;
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

  /** One character per byte. */
  get latin1(): string {
    const { buffer, byteOffset } = this.#input;
    return Buffer.from(buffer, byteOffset + this.end - this.lengthBytes, this.lengthBytes).toString('latin1');
  }

  /** Undefined when the bytes are not UTF-8. */
  get text(): string | undefined {
    for (let at = this.end - this.lengthBytes; at < this.end; at += 1) {
      if ((this.#input[at] ?? 0) >= 0x80) return decodeText(this.bytes);
    }
    return this.latin1;
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
  /** One character per byte (latin1), in the order of the input, without duplicates. */
  readonly keys: readonly string[];
  readonly #values: readonly BencodeNode[];
  #entries: ReadonlyMap<string, BencodeNode> | undefined;

  constructor(start: number, end: number, keys: readonly string[], values: readonly BencodeNode[]) {
    this.start = start;
    this.end = end;
    this.keys = keys;
    this.#values = values;
  }

  get(key: string): BencodeNode | undefined {
    const index = this.keys.indexOf(key);
    return index < 0 ? undefined : this.#values[index];
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  /** For many look-ups in a large dictionary; made when first asked for, in the order of the input. */
  get entries(): ReadonlyMap<string, BencodeNode> {
    this.#entries ??= new Map(this);
    return this.#entries;
  }

  *[Symbol.iterator](): Generator<[string, BencodeNode], void> {
    for (const [index, key] of this.keys.entries()) {
      const value = this.#values[index];
      if (value) yield [key, value];
    }
  }
}
