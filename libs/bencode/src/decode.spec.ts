import { Buffer } from 'node:buffer';

import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BencodeError } from './bencode-error.ts';
import type { BencodeErrorCode } from './bencode-error.ts';
import { decode, decodePrefix } from './decode.ts';
import type { DecodeOptions } from './decode.ts';
import { encode } from './encode.ts';
import type { BencodeNode } from './node.ts';

function codeOf(text: string, options?: DecodeOptions): BencodeErrorCode | 'accepted' {
  try {
    decode(Buffer.from(text, 'latin1'), options);
    return 'accepted';
  } catch (error) {
    if (error instanceof BencodeError) return error.code;
    throw error;
  }
}

/** Plain values, for comparison: text as latin1. */
function plain(node: BencodeNode): unknown {
  switch (node.kind) {
    case 'integer':
      return node.value;
    case 'string':
      return node.latin1;
    case 'list':
      return node.items.map(plain);
    case 'dictionary':
      return Object.fromEntries([...node].map(([key, value]) => [key, plain(value)]));
  }
}

describe('decode()', () => {
  it('reads each kind of value', () => {
    expect(plain(decode(Buffer.from('d4:listl4:spami-3ee6:numberi42e3:str0:e')))).toEqual({
      list: ['spam', -3n],
      number: 42n,
      str: '',
    });
  });

  it('gives the span of every value', () => {
    const input = Buffer.from('d4:infod6:lengthi7ee4:tail1:xe');
    const node = decode(input);
    const info = node.kind === 'dictionary' ? node.get('info') : undefined;
    expect(input.toString('latin1', info?.start, info?.end)).toBe('d6:lengthi7ee');
  });

  it.each([
    ['i-0e', 'bencode_bad_integer'],
    ['i03e', 'bencode_bad_integer'],
    ['i-03e', 'bencode_bad_integer'],
    ['ie', 'bencode_bad_integer'],
    ['i-e', 'bencode_bad_integer'],
    ['i+1e', 'bencode_bad_integer'],
    ['i1.5e', 'bencode_bad_integer'],
    ['i 1e', 'bencode_bad_integer'],
    ['i9223372036854775808e', 'bencode_bad_integer'],
    ['i-9223372036854775809e', 'bencode_bad_integer'],
    [`i${'1'.repeat(100)}e`, 'bencode_bad_integer'],
    ['i12', 'bencode_truncated'],
    ['04:spam', 'bencode_bad_string'],
    ['00:', 'bencode_bad_string'],
    ['4x:spam', 'bencode_bad_string'],
    ['99999999999:', 'bencode_bad_string'],
    ['4:spa', 'bencode_truncated'],
    ['4', 'bencode_truncated'],
    ['l-3:', 'bencode_bad_token'],
    ['l', 'bencode_truncated'],
    ['', 'bencode_truncated'],
    ['x', 'bencode_bad_token'],
    ['i1ei2e', 'bencode_trailing_data'],
    ['4:spam\n', 'bencode_trailing_data'],
    ['d', 'bencode_truncated'],
    ['d3:keye', 'bencode_bad_token'],
    ['di1ei2ee', 'bencode_bad_key'],
    ['d1:bi1e1:ai2ee', 'bencode_unsorted_keys'],
    ['d1:ai1e1:ai2ee', 'bencode_duplicate_key'],
  ] as const)('refuses %j', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('reads the whole range of 64-bit integers', () => {
    expect(plain(decode(Buffer.from('li9223372036854775807ei-9223372036854775808ei0ee')))).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
      0n,
    ]);
  });

  it('reads unsorted keys when told to, and still refuses duplicates among them', () => {
    expect(codeOf('d1:bi1e1:ai2ee', { keyOrder: 'any' })).toBe('accepted');
    expect(codeOf('d1:bi1e1:ai2e1:bi3ee', { keyOrder: 'any' })).toBe('bencode_duplicate_key');
    expect(codeOf('d1:ai1e1:ai3ee', { keyOrder: 'any' })).toBe('bencode_duplicate_key');
  });

  it('keeps keys like __proto__ as keys', () => {
    const node = decode(Buffer.from('d9:__proto__i1ee'));
    expect(node.kind === 'dictionary' && node.get('__proto__')?.kind).toBe('integer');
  });

  it('keeps to its limits', () => {
    expect(codeOf('l'.repeat(1_000_000))).toBe('bencode_too_deep');
    expect(codeOf('d1:a'.repeat(100_000))).toBe('bencode_too_deep');
    expect(codeOf('lllleeee', { depthMax: 3 })).toBe('bencode_too_deep');
    expect(codeOf('llleee', { depthMax: 3 })).toBe('accepted');
    expect(codeOf(`l${'0:'.repeat(100)}e`, { tokensMax: 50 })).toBe('bencode_too_many_tokens');
    expect(codeOf('10:0123456789', { bytesMax: 12 })).toBe('bencode_too_long');
  });

  it('gives a value or its own error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(Buffer.from(bytes).toString('latin1'))).toMatch(/^accepted$|^bencode_/);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a value or its own error for damaged encodings', () => {
    fc.assert(
      fc.property(encodables, fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = Buffer.from(encode(value));
        bytes[at % bytes.length] = byte;
        expect(codeOf(bytes.toString('latin1'), { keyOrder: 'any' })).toMatch(/^accepted$|^bencode_/);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what npm bencode writes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(), fc.string(), fc.array(fc.nat()))), (value) => {
        const bytes = bencode.encode(value);
        expect(encode(value)).toEqual(Buffer.from(bytes));
        expect(decode(bytes).end).toBe(bytes.length);
      }),
    );
  });
});

const encodables = fc.letrec<{ value: fc.JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string(),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
  ),
})).value as fc.Arbitrary<Parameters<typeof encode>[0]>;

describe('decodePrefix()', () => {
  it('says where the value ends, for the raw bytes that follow', () => {
    const input = Buffer.from('d8:msg_typei1eeRAW');
    expect(decodePrefix(input).end).toBe(input.length - 3);
    expect(plain(decodePrefix(Buffer.from('xxi5eyy'), 2).node)).toBe(5n);
  });
});

describe('encode()', () => {
  it('is undone by decode() for any value', () => {
    fc.assert(
      fc.property(encodables, (value) => {
        const bytes = encode(value);
        expect(decode(bytes, { depthMax: 1000 }).end).toBe(bytes.length);
      }),
    );
  });
});
