import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstallError } from './install-error.ts';
import { seal, unseal } from './sealed-document.ts';

const kind = { name: 'journal', format: 1 };

describe('unseal()', () => {
  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(unseal(kind, 'x', seal(kind, value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('sees every flipped bit and every cut', () => {
    const sealed = seal(kind, { path: 'data/world.pak', lengthBytes: 7 });
    for (let at = 0; at < sealed.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = sealed.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(() => unseal(kind, 'x', flipped)).toThrow(InstallError);
      }
      expect(() => unseal(kind, 'x', sealed.slice(0, at))).toThrow(InstallError);
    }
  });

  it('gives arbitrary bytes the named error and no other', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(() => unseal(kind, 'x', bytes)).toThrow(InstallError);
      }),
    );
  });

  it('tells a document of a later launcher from a broken one, and one kind from another', () => {
    expect(() => unseal(kind, 'x', seal({ name: 'journal', format: 2 }, {}))).toThrow(
      expect.objectContaining({ code: 'state_too_new' }),
    );
    expect(() => unseal(kind, 'x', seal({ name: 'state', format: 1 }, {}))).toThrow(
      expect.objectContaining({ code: 'state_corrupt' }),
    );
  });
});
