import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectBytes } from './byte-selection.ts';

const etag = '"abc"';
const of = (lengthBytes: number) => ({ lengthBytes, etag });

describe('selectBytes()', () => {
  it('gives the whole when no range is asked for', () => {
    expect(selectBytes('GET', {}, of(10))).toEqual({ status: 200, start: 0, end: 10 });
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=2-', 2, 10],
    ['bytes=2-5', 2, 6],
    ['bytes=5-99999999999999999999', 5, 10],
    ['bytes=-3', 7, 10],
    ['bytes=-99', 0, 10],
    ['Bytes = 1-1 ', 1, 2],
  ])('answers %s with that part', (range, start, end) => {
    expect(selectBytes('GET', { range }, of(10))).toEqual({ status: 206, start, end });
  });

  it.each([
    'bytes=10-',
    'bytes=10-11',
    'bytes=-0',
    'bytes=-',
    'bytes=',
    'bytes=5-4',
    'bytes=0-1,3-4',
    'bytes=0-1,',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=+1-2',
    `bytes=${'9'.repeat(400)}-`,
  ])('refuses %s', (range) => {
    expect(selectBytes('GET', { range }, of(10))).toEqual({ status: 416 });
  });

  it('ignores units that it does not know, and ranges on HEAD', () => {
    const whole = { status: 200, start: 0, end: 10 };
    expect(selectBytes('GET', { range: 'pages=1-2' }, of(10))).toEqual(whole);
    expect(selectBytes('HEAD', { range: 'bytes=1-2' }, of(10))).toEqual(whole);
  });

  it('honours If-Range for the same strong tag alone', () => {
    const range = 'bytes=1-2';
    expect(selectBytes('GET', { range, ifRange: etag }, of(10))).toMatchObject({ status: 206 });
    for (const ifRange of ['"other"', 'W/"abc"', 'Sat, 21 Nov 2026 00:00:00 GMT']) {
      expect(selectBytes('GET', { range, ifRange }, of(10))).toMatchObject({ status: 200 });
    }
  });

  it('answers 304 to If-None-Match and 412 to If-Match', () => {
    for (const ifNoneMatch of [etag, '*', '"x", "abc"', 'W/"abc"']) {
      expect(selectBytes('GET', { ifNoneMatch, range: 'bytes=1-2' }, of(10))).toEqual({ status: 304 });
    }
    expect(selectBytes('GET', { ifNoneMatch: '"x"' }, of(10))).toMatchObject({ status: 200 });
    expect(selectBytes('GET', { ifMatch: '"x"' }, of(10))).toEqual({ status: 412 });
    expect(selectBytes('GET', { ifMatch: 'W/"abc"' }, of(10))).toEqual({ status: 412 });
    expect(selectBytes('GET', { ifMatch: etag }, of(10))).toMatchObject({ status: 200 });
  });

  it('never answers a condition for what has no tag', () => {
    const noTag = { lengthBytes: 10 };
    expect(selectBytes('GET', { ifNoneMatch: '"x"' }, noTag)).toMatchObject({ status: 200 });
    expect(selectBytes('GET', { range: 'bytes=0-1', ifRange: '"x"' }, noTag)).toMatchObject({ status: 200 });
  });

  it('never selects bytes outside the file, whatever the header', () => {
    const range = fc.oneof(
      fc.string(),
      fc.string().map((text) => `bytes=${text}`),
      fc.tuple(fc.nat(30), fc.nat(30)).map(([first, last]) => `bytes=${first}-${last}`),
    );
    fc.assert(
      fc.property(range, fc.nat(20), (header, lengthBytes) => {
        const selection = selectBytes('GET', { range: header }, of(lengthBytes));
        if (selection.status !== 200 && selection.status !== 206) return;
        expect(selection.start).toBeGreaterThanOrEqual(0);
        expect(selection.end).toBeLessThanOrEqual(lengthBytes);
        if (selection.status === 206) expect(selection.start).toBeLessThan(selection.end);
      }),
    );
  });
});
