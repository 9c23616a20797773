import { Buffer } from 'node:buffer';

import { describe, expect, it } from 'vitest';

import { decode } from './decode.ts';
import { demand, expectKind, findBytes, findInteger, findText } from './getters.ts';

const dictionary = expectKind(
  decode(Buffer.from('d3:badi9007199254740993e6:lengthi7e4:name3:a\xc3\xa97:not-utf1:\xffe', 'latin1')),
  'dictionary',
  'it',
);

describe('getters', () => {
  it('give values of the kind that was asked for', () => {
    expect(findInteger(dictionary, 'length')).toBe(7);
    expect(findText(dictionary, 'name')).toBe('a\u00e9');
    expect(findBytes(dictionary, 'not-utf')).toEqual(Buffer.from([0xff]));
    expect(findText(dictionary, 'absent')).toBeUndefined();
  });

  it.each([
    [() => findInteger(dictionary, 'name'), 'bencode_wrong_kind'],
    [() => findInteger(dictionary, 'bad'), 'bencode_bad_integer'],
    [() => findText(dictionary, 'not-utf'), 'bencode_bad_string'],
    [() => demand(dictionary, 'absent', 'list'), 'bencode_missing_key'],
  ])('refuse others: %#', (get, code) => {
    expect(get).toThrow(expect.objectContaining({ code }));
  });
});
