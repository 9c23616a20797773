import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InstallError } from './install-error.ts';
import { seal, unseal } from './sealed-document.ts';

const kind = { name: 'journal', format: 2 };
const damaged: unknown = expect.objectContaining({ code: 'state_corrupt' });

describe('unseal()', () => {
  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(unseal(kind, 'x', seal(kind, value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('takes no flipped bit and no cut for anything but damage, its format least of all', () => {
    const sealed = seal(kind, { path: 'data/world.pak', lengthBytes: 7 });
    for (let at = 0; at < sealed.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Uint8Array.from(sealed);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(() => unseal(kind, 'x', flipped), `bit ${bit} of byte ${at}`).toThrow(damaged);
      }
      expect(() => unseal(kind, 'x', sealed.slice(0, at))).toThrow(damaged);
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
    expect(() => unseal(kind, 'x', seal({ name: 'journal', format: 3 }, {}))).toThrow(
      expect.objectContaining({ code: 'state_too_new' }),
    );
    expect(() => unseal(kind, 'x', seal({ name: 'state', format: 2 }, {}))).toThrow(damaged);
  });
});
