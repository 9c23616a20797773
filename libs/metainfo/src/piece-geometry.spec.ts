import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { layOut } from './layout.ts';
import { PieceGeometry } from './piece-geometry.ts';

const PIECE_LENGTH_BYTES = 16;

function geometryOf(lengths: readonly number[], format: 'v1' | 'v2' | 'hybrid'): PieceGeometry {
  const { offsets, spaceBytes } = layOut(lengths, {
    format,
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    isSingleFile: false,
  });
  return new PieceGeometry(
    lengths.map((lengthBytes, index) => ({ lengthBytes, offsetBytes: offsets[index] ?? 0 })),
    PIECE_LENGTH_BYTES,
    spaceBytes,
  );
}

const layouts = fc.record({
  lengths: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 12 }),
  format: fc.constantFrom('v1', 'v2', 'hybrid'),
});

describe('PieceGeometry', () => {
  it('finds every byte of every file exactly once', () => {
    fc.assert(
      fc.property(layouts, ({ lengths, format }) => {
        const geometry = geometryOf(lengths, format);
        const seen = lengths.map((length) => new Uint8Array(length));
        for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
          for (const span of geometry.filesOfPiece(piece)) {
            for (let at = 0; at < span.lengthBytes; at += 1) {
              const bytes = seen[span.fileIndex];
              if (bytes) bytes[span.fileOffsetBytes + at] = (bytes[span.fileOffsetBytes + at] ?? 0) + 1;
            }
          }
        }
        expect(seen.every((bytes) => bytes.every((count) => count === 1))).toBe(true);
      }),
    );
  });

  it('gives the same spans for a piece in parts as for it whole', () => {
    fc.assert(
      fc.property(layouts, fc.nat(PIECE_LENGTH_BYTES), ({ lengths, format }, cut) => {
        const geometry = geometryOf(lengths, format);
        for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
          const at = Math.min(cut, geometry.pieceSizeBytes(piece));
          const parts = [...geometry.filesOfPiece(piece, 0, at), ...geometry.filesOfPiece(piece, at)];
          const sum = (spans: { lengthBytes: number }[]): number =>
            spans.reduce((total, span) => total + span.lengthBytes, 0);
          expect(sum(parts)).toBe(sum(geometry.filesOfPiece(piece)));
        }
      }),
    );
  });

  it('agrees with itself about which pieces a file has', () => {
    fc.assert(
      fc.property(layouts, ({ lengths, format }) => {
        const geometry = geometryOf(lengths, format);
        for (const fileIndex of lengths.keys()) {
          const { first, end } = geometry.piecesOfFile(fileIndex);
          for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
            const isIn = geometry.filesOfPiece(piece).some((span) => span.fileIndex === fileIndex);
            expect(isIn).toBe(piece >= first && piece < end);
          }
        }
      }),
    );
  });

  it('gives each piece of v2 and hybrid to one file, and zeros after its end', () => {
    const geometry = geometryOf([20, 0, 16, 5], 'hybrid');
    expect(geometry.pieceCount).toBe(4);
    expect([0, 1, 2, 3].map((piece) => geometry.filesOfPiece(piece).map((span) => span.fileIndex))).toEqual([
      [0],
      [0],
      [2],
      [3],
    ]);
    expect([0, 1, 2, 3].map((piece) => geometry.padBytesOfPiece(piece))).toEqual([0, 12, 0, 11]);
    expect(geometry.pieceSizeBytes(3)).toBe(16);
    expect(geometryOf([20, 0, 16, 5], 'v2').pieceSizeBytes(3)).toBe(5);
  });

  it('refuses files that overlap or leave the piece space', () => {
    expect(
      () =>
        new PieceGeometry(
          [
            { lengthBytes: 10, offsetBytes: 0 },
            { lengthBytes: 5, offsetBytes: 9 },
          ],
          16,
          20,
        ),
    ).toThrow(expect.objectContaining({ code: 'bad_length' }));
    expect(() => new PieceGeometry([{ lengthBytes: 10, offsetBytes: 11 }], 16, 20)).toThrow(
      expect.objectContaining({ code: 'bad_length' }),
    );
    expect(() => new PieceGeometry([], 16, 2 ** 44)).toThrow(expect.objectContaining({ code: 'too_many_pieces' }));
    expect(() => new PieceGeometry([], 0, 10)).toThrow(expect.objectContaining({ code: 'bad_piece_length' }));
  });

  it('has no pieces, files or bytes but those that there are', () => {
    const geometry = geometryOf([20], 'v1');
    for (const piece of [-1, 2, 0.5, NaN]) expect(() => geometry.pieceSizeBytes(piece)).toThrow(RangeError);
    expect(() => geometry.filesOfPiece(1, 0, 5)).toThrow(RangeError);
    expect(() => geometry.filesOfPiece(0, -1, 5)).toThrow(RangeError);
    expect(() => geometry.piecesOfFile(1)).toThrow(RangeError);
  });
});
