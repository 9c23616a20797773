import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readByteRange } from './byte-range.ts';

describe('readByteRange()', () => {
  it('reads ranges with a beginning, with an end, and with both', () => {
    expect(readByteRange('bytes=0-9', 100)).toEqual({ begin: 0, end: 10 });
    expect(readByteRange('bytes=90-', 100)).toEqual({ begin: 90, end: 100 });
    expect(readByteRange('bytes=-10', 100)).toEqual({ begin: 90, end: 100 });
    expect(readByteRange('bytes=-1000', 100)).toEqual({ begin: 0, end: 100 });
    expect(readByteRange('bytes=50-1000', 100)).toEqual({ begin: 50, end: 100 });
  });

  it('tells what lies outside from what is not understood', () => {
    for (const header of ['bytes=100-', 'bytes=-0', 'bytes=200-300']) {
      expect(readByteRange(header, 100)).toBe('unsatisfiable');
    }
    for (const header of [undefined, '', 'bytes=', 'bytes=-', 'bytes=9-5', 'items=0-1', 'bytes=0-1,5-6', 'bytes=a-b']) {
      expect(readByteRange(header, 100)).toBe('whole');
    }
  });

  it('never leaves the file', () => {
    const header = fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,20}-\d{0,20}$/));
    fc.assert(
      fc.property(header, fc.nat(), (text, lengthBytes) => {
        const range = readByteRange(text, lengthBytes);
        if (typeof range === 'string') return;
        expect(range.begin).toBeGreaterThanOrEqual(0);
        expect(range.begin).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(lengthBytes);
      }),
    );
  });
});
