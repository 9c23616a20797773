import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { draftRelease } from '../testing/studio.contract.ts';
import { ReleaseIndex } from './release-index.ts';

describe('ReleaseIndex', () => {
  it('joins the files of any part of the stream into exactly those bytes', () => {
    const sizes = fc.array(fc.nat(60), { minLength: 1, maxLength: 12 }).map((lengths) => [1, ...lengths]);
    fc.assert(
      fc.property(sizes, fc.nat(1000), fc.nat(1000), (lengths, a, b) => {
        const files = lengths.map((length, index) => [`f${index}`, Buffer.alloc(length, index + 1)] as const);
        const draft = draftRelease('g', '1.0.0', Object.fromEntries(files));
        const index = new ReleaseIndex(draft.manifest, 'x');
        const stream = Buffer.concat(
          draft.manifest.files.map(({ piecesRoot = '' }) => draft.blobs.get(piecesRoot) ?? Buffer.of()),
        );
        expect(index.streamLengthBytes).toBe(stream.length);
        const [start, end] = [Math.min(a, b), Math.max(a, b)].map((at) => Math.min(at, stream.length)) as [
          number,
          number,
        ];
        const parts = [...index.spans(start, end)].map((span) => {
          return (draft.blobs.get(span.piecesRoot) ?? Buffer.of()).subarray(span.start, span.end);
        });
        expect(Buffer.concat(parts).equals(stream.subarray(start, end))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
