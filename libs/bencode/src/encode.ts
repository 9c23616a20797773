import { Buffer } from 'node:buffer';

import bencode from 'bencode';

import { BencodeError } from './bencode-error.ts';

/** A bencoding made elsewhere, put into the output byte for byte. */
export class Encoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * What `encode` takes. Text is written as UTF-8. The keys of a Map hold one character per byte (latin1), those of an
 * object are text. `undefined` values of an object or Map are left out.
 */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | Encoded
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable | undefined>
  | { readonly [key: string]: Encodable | undefined };

const OPEN_DICTIONARY: Uint8Array = Buffer.from('d');
const OPEN_LIST: Uint8Array = Buffer.from('l');
const CLOSE: Uint8Array = Buffer.from('e');

/**
 * Writes the canonical encoding of a value (BEP 3): keys in byte order, whatever order they came in.
 *
 * npm `bencode` writes the scalars. Its containers are not used: they sort keys by UTF-16 units, cannot hold keys
 * that are not UTF-8, and drop what they do not know.
 *
 * @throws {BencodeError} `bencode_unencodable` for a number that is not a safe integer.
 */
export function encode(value: Encodable): Uint8Array {
  const chunks: Uint8Array[] = [];
  append(chunks, value);
  return Buffer.concat(chunks);
}

function append(chunks: Uint8Array[], value: Encodable): void {
  if (typeof value === 'string') {
    bencode.encode.string(chunks, value);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      throw new BencodeError(
        'bencode_unencodable',
        `write bencode: found the number ${value}, a safe integer is wanted`,
      );
    }
    bencode.encode.number(chunks, value);
  } else if (typeof value === 'bigint') {
    chunks.push(Buffer.from(`i${value}e`));
  } else if (value instanceof Uint8Array) {
    bencode.encode.buffer(chunks, value);
  } else if (value instanceof Encoded) {
    chunks.push(value.bytes);
  } else if (isList(value)) {
    chunks.push(OPEN_LIST);
    for (const item of value) append(chunks, item);
    chunks.push(CLOSE);
  } else {
    appendDictionary(chunks, value);
  }
}

type EncodableDictionary =
  ReadonlyMap<string, Encodable | undefined> | { readonly [key: string]: Encodable | undefined };

function appendDictionary(chunks: Uint8Array[], dictionary: EncodableDictionary): void {
  const entries = isMap(dictionary) ? [...dictionary] : Object.entries(dictionary).map(withTextKey);
  chunks.push(OPEN_DICTIONARY);
  for (const [key, value] of entries.sort(byKey)) {
    if (value === undefined) continue;
    bencode.encode.buffer(chunks, Buffer.from(key, 'latin1'));
    append(chunks, value);
  }
  chunks.push(CLOSE);
}

type Entry = [key: string, value: Encodable | undefined];

function byKey([a]: Entry, [b]: Entry): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function withTextKey([key, value]: Entry): Entry {
  return [textKey(key), value];
}

/** The key of a dictionary as `BencodeDictionary.entries` and Maps for `encode` hold it: one character per byte of UTF-8. */
export function textKey(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function isList(value: Encodable): value is readonly Encodable[] {
  return Array.isArray(value);
}

function isMap(dictionary: EncodableDictionary): dictionary is ReadonlyMap<string, Encodable | undefined> {
  return dictionary instanceof Map;
}
