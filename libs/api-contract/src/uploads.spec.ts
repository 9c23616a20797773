import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blobEntryName, parseBlobEntryName } from './uploads.ts';

const root = fc.stringMatching(/^[0-9a-f]{64}$/);

describe('blob entry names', () => {
  it('are read back as they were made', () => {
    fc.assert(
      fc.property(root, fc.maxSafeNat(), (piecesRoot, offset) => {
        expect(parseBlobEntryName(blobEntryName(piecesRoot, offset))).toEqual({ piecesRoot, offset });
      }),
    );
  });

  it('fit into a plain tar header', () => {
    expect(blobEntryName('0'.repeat(64), Number.MAX_SAFE_INTEGER).length).toBeLessThanOrEqual(100);
  });

  it.each([
    '',
    'x',
    '0'.repeat(63),
    `${'0'.repeat(64)}@`,
    `${'0'.repeat(64)}@0`,
    `${'0'.repeat(64)}@-1`,
    `${'0'.repeat(64)}@9999999999999999`,
    `../${'0'.repeat(64)}`,
    `${'A'.repeat(64)}`,
  ])('refuse %j', (name) => {
    expect(parseBlobEntryName(name)).toBeUndefined();
  });
});
