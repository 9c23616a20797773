import { Buffer } from 'node:buffer';

import { BencodeError } from './bencode-error.ts';
import type { BencodeErrorCode } from './bencode-error.ts';
import { BencodeDictionary, BencodeInteger, BencodeList, BencodeString } from './node.ts';
import type { BencodeNode } from './node.ts';

/** Nesting that real torrents and messages stay far below. */
export const BENCODE_DEPTH_MAX = 100;
/** Bounds the memory of a decoded value to about 100 times this many bytes. */
export const BENCODE_TOKENS_MAX = 8_000_000;
export const BENCODE_BYTES_MAX: number = 64 * 1024 * 1024;
/** `-9223372036854775808` is the longest 64-bit integer. */
export const BENCODE_INTEGER_DIGITS_MAX = 20;

/** A list or a dictionary weighs more in memory than a string or an integer. */
const LIST_TOKENS = 2;
const DICTIONARY_TOKENS = 4;
const LENGTH_DIGITS_MAX = 10;
const SHARED_KEY_BYTES_MAX = 16;
const SHARED_KEYS_MAX = 1000;

const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 63n - 1n;

const CANONICAL_INTEGER = /^(?:0|-?[1-9][0-9]*)$/;

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const LETTER_D = 0x64;
const LETTER_E = 0x65;
const LETTER_I = 0x69;
const LETTER_L = 0x6c;

export interface DecodeOptions {
  readonly depthMax?: number;
  readonly tokensMax?: number;
  readonly bytesMax?: number;
  /** `strict` refuses keys out of byte order. Duplicate keys are always refused. Default `strict`. */
  readonly keyOrder?: 'strict' | 'any';
}

/**
 * Reads one value that fills the whole input (BEP 3, "bencoding"), in canonical form only.
 *
 * @throws {BencodeError}
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): BencodeNode {
  const { node, end } = decodePrefix(bytes, 0, options);
  if (end !== bytes.length) {
    throw new BencodeError(
      'bencode_trailing_data',
      `read bencode: found ${bytes.length - end} bytes after the value`,
      end,
    );
  }
  return node;
}

/**
 * Reads one value at `offset` and says where it ends; raw bytes may follow, as in messages of BEP 9.
 *
 * @throws {BencodeError}
 */
export function decodePrefix(
  bytes: Uint8Array,
  offset = 0,
  options: DecodeOptions = {},
): { readonly node: BencodeNode; readonly end: number } {
  const node = new Reader(bytes, offset, options).value(0);
  return { node, end: node.end };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #text: Buffer;
  readonly #depthMax: number;
  readonly #sorted: boolean;
  readonly #sharedKeys: Map<string, string> = new Map();
  /** Of the lists and dictionaries that are open: their parts are cut off once all are there, in arrays of just that length. */
  readonly #values: BencodeNode[] = [];
  readonly #keys: string[] = [];
  #tokensLeft: number;
  #at: number;

  constructor(bytes: Uint8Array, offset: number, options: DecodeOptions) {
    const bytesMax = options.bytesMax ?? BENCODE_BYTES_MAX;
    if (bytes.length - offset > bytesMax) {
      throw new BencodeError(
        'bencode_too_long',
        `read bencode: found ${bytes.length - offset} bytes, at most ${bytesMax} are read`,
      );
    }
    this.#bytes = bytes;
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#depthMax = options.depthMax ?? BENCODE_DEPTH_MAX;
    this.#sorted = options.keyOrder !== 'any';
    this.#tokensLeft = options.tokensMax ?? BENCODE_TOKENS_MAX;
    this.#at = offset;
  }

  value(depth: number): BencodeNode {
    const first = this.#bytes[this.#at];
    switch (first) {
      case LETTER_I:
        return this.#integer();
      case LETTER_L:
        return this.#list(depth);
      case LETTER_D:
        return this.#dictionary(depth);
      case undefined:
        return this.#fail('bencode_truncated', 'the input ends where a value was wanted');
      default:
        if (isDigit(first)) return this.#string('bencode_bad_string');
        return this.#fail('bencode_bad_token', `found byte 0x${first.toString(16)} where a value was wanted`);
    }
  }

  #integer(): BencodeInteger {
    this.#spend(1);
    const start = this.#at;
    const end = this.#bytes.indexOf(LETTER_E, start + 1);
    const longest = start + 1 + BENCODE_INTEGER_DIGITS_MAX;
    if (end < 0 || end > longest) {
      if (end < 0 && this.#bytes.length <= longest) this.#fail('bencode_truncated', 'the input ends inside an integer');
      this.#fail('bencode_bad_integer', `the integer has more than ${BENCODE_INTEGER_DIGITS_MAX} characters`);
    }
    this.#at = end + 1;
    return new BencodeInteger(start, this.#at, this.#integerBetween(start + 1, end));
  }

  #integerBetween(begin: number, end: number): number | bigint {
    const text = this.#text.toString('latin1', begin, end);
    if (!CANONICAL_INTEGER.test(text)) {
      this.#fail('bencode_bad_integer', 'the integer is not in canonical form (no leading zeros, no -0, digits only)');
    }
    const value = Number(text);
    if (Number.isSafeInteger(value)) return value;
    const exact = BigInt(text);
    if (exact < INTEGER_MIN || exact > INTEGER_MAX)
      this.#fail('bencode_bad_integer', 'the integer does not fit 64 bits');
    return exact;
  }

  #string(code: 'bencode_bad_string' | 'bencode_bad_key'): BencodeString {
    this.#spend(1);
    const start = this.#at;
    let at = start;
    let length = 0;
    for (;;) {
      const byte = this.#bytes[at];
      if (byte === COLON && at > start) break;
      if (byte === undefined) this.#fail('bencode_truncated', 'the input ends inside a length');
      if (!isDigit(byte)) this.#fail(code, `found byte 0x${byte.toString(16)} inside a length`);
      if (at - start >= LENGTH_DIGITS_MAX) this.#fail(code, `the length has more than ${LENGTH_DIGITS_MAX} digits`);
      length = length * 10 + (byte - DIGIT_0);
      at += 1;
    }
    if (this.#bytes[start] === DIGIT_0 && at > start + 1) this.#fail(code, 'the length has a leading zero');
    const end = at + 1 + length;
    if (end > this.#bytes.length) {
      this.#fail('bencode_truncated', `the string has ${length} bytes, ${this.#bytes.length - at - 1} are left`);
    }
    this.#at = end;
    return new BencodeString(this.#bytes, start, end, length);
  }

  #list(depth: number): BencodeList {
    this.#enter(depth, LIST_TOKENS);
    const start = this.#at;
    const mark = this.#values.length;
    this.#at += 1;
    while (this.#bytes[this.#at] !== LETTER_E) this.#values.push(this.value(depth + 1));
    this.#at += 1;
    return new BencodeList(start, this.#at, this.#values.splice(mark));
  }

  #dictionary(depth: number): BencodeDictionary {
    this.#enter(depth, DICTIONARY_TOKENS);
    const start = this.#at;
    const mark = this.#values.length;
    const keyMark = this.#keys.length;
    /** Of use once keys come unsorted: until then a duplicate would be next to its twin. */
    let seen: Set<string> | undefined;
    let last: string | undefined;
    this.#at += 1;
    for (;;) {
      const first = this.#bytes[this.#at];
      if (first === LETTER_E) break;
      if (first === undefined) this.#fail('bencode_truncated', 'the input ends inside a dictionary');
      if (!isDigit(first)) this.#fail('bencode_bad_key', `found byte 0x${first.toString(16)} where a key was wanted`);
      const keyAt = this.#at;
      const key = this.#key();
      // One character per byte, so the order of UTF-16 units is the order of bytes.
      if (last !== undefined && key <= last) {
        if (this.#sorted && key !== last) {
          throw new BencodeError(
            'bencode_unsorted_keys',
            `read bencode: key ${quote(key)} after ${quote(last)}, sorted keys are wanted`,
            keyAt,
          );
        }
        seen ??= new Set(this.#keys.slice(keyMark));
      }
      if (seen?.has(key)) {
        throw new BencodeError(
          'bencode_duplicate_key',
          `read bencode: key ${quote(key)} appears twice in one dictionary`,
          keyAt,
        );
      }
      seen?.add(key);
      this.#keys.push(key);
      this.#values.push(this.value(depth + 1));
      last = key;
    }
    this.#at += 1;
    return new BencodeDictionary(start, this.#at, this.#keys.splice(keyMark), this.#values.splice(mark));
  }

  /** The same few keys come again with every file: they are kept once. */
  #key(): string {
    const { end, lengthBytes } = this.#string('bencode_bad_key');
    const key = this.#text.toString('latin1', end - lengthBytes, end);
    if (lengthBytes > SHARED_KEY_BYTES_MAX) return key;
    const shared = this.#sharedKeys.get(key);
    if (shared !== undefined) return shared;
    if (this.#sharedKeys.size < SHARED_KEYS_MAX) this.#sharedKeys.set(key, key);
    return key;
  }

  #enter(depth: number, tokens: number): void {
    if (depth >= this.#depthMax) this.#fail('bencode_too_deep', `values are nested more than ${this.#depthMax} deep`);
    this.#spend(tokens);
  }

  #spend(tokens: number): void {
    this.#tokensLeft -= tokens;
    if (this.#tokensLeft < 0) this.#fail('bencode_too_many_tokens', 'the value has more parts than are read');
  }

  #fail(code: BencodeErrorCode, found: string): never {
    throw new BencodeError(code, `read bencode: ${found}`, this.#at);
  }
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

const QUOTED_CHARACTERS_MAX = 40;

function quote(key: string): string {
  return JSON.stringify(key.length > QUOTED_CHARACTERS_MAX ? `${key.slice(0, QUOTED_CHARACTERS_MAX)}…` : key);
}
