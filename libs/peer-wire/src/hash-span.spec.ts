import { describe, expect, it } from 'vitest';

import { hashReplyLength, isHashRequest } from './hash-span.ts';

const span = { piecesRoot: new Uint8Array(32), baseLayer: 0, index: 512, length: 512, proofLayers: 9 };

describe('isHashRequest()', () => {
  it('holds for runs that BEP 52 allows', () => {
    expect(isHashRequest(span)).toBe(true);
    expect(isHashRequest({ ...span, index: 0, length: 2 })).toBe(true);
  });

  it.each([
    ['one hash', { length: 1 }],
    ['no hash', { length: 0 }],
    ['no power of two', { length: 3, index: 0 }],
    ['2^31 hashes', { length: 0x8000_0000, index: 0 }],
    ['an index between runs', { index: 100 }],
    ['a layer above every tree', { baseLayer: 0xffff_ffff }],
    ['proof above every tree', { proofLayers: 0xffff_ffff }],
  ])('does not hold for %s', (_, change) => {
    expect(isHashRequest({ ...span, ...change })).toBe(false);
  });
});

describe('hashReplyLength()', () => {
  it('counts an uncle for each proof layer that the base does not give', () => {
    expect(hashReplyLength({ ...span, length: 512, proofLayers: 0 })).toBe(512);
    expect(hashReplyLength({ ...span, length: 512, proofLayers: 8 })).toBe(512);
    expect(hashReplyLength({ ...span, length: 512, proofLayers: 9 })).toBe(513);
    expect(hashReplyLength({ ...span, length: 2, proofLayers: 3 })).toBe(5);
  });
});
