import { Buffer } from 'node:buffer';

import { describe, expect, it } from 'vitest';

import { BencodeError } from './bencode-error.ts';
import { Encoded, encode } from './encode.ts';

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

describe('encode()', () => {
  it('sorts keys by their bytes, not by UTF-16 units', () => {
    // U+FF5E is after U+1F600 in UTF-16 and before it in UTF-8.
    const bytes = Buffer.from(encode({ '\u{1F600}': 1, '\uFF5E': 2 })).toString('utf8');
    expect(bytes).toBe('d3:\uFF5Ei2e4:\u{1F600}i1ee');
  });

  it('writes the keys of a Map byte for byte', () => {
    expect(text(encode(new Map([['\xff\x00', 1]])))).toBe('d2:\xff\x00i1ee');
  });

  it('writes integers of 64 bits', () => {
    expect(text(encode([2n ** 63n - 1n, -5n, 0]))).toBe('li9223372036854775807ei-5ei0ee');
  });

  it('leaves undefined values out and puts encoded ones in as they are', () => {
    expect(text(encode({ a: undefined, info: new Encoded(Buffer.from('d1:bi1e1:ai2ee')) }))).toBe(
      'd4:infod1:bi1e1:ai2eee',
    );
  });

  it('refuses numbers that are not safe integers', () => {
    for (const value of [1.5, NaN, Infinity, 2 ** 53]) {
      expect(() => encode([value])).toThrow(BencodeError);
    }
  });
});
