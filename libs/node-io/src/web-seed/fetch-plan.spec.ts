import { PieceGeometry } from '@swarmpatch/metainfo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileUrl, planFetch, type SeededTorrent } from './fetch-plan.ts';

function torrentOf(
  name: string,
  files: [path: string, lengthBytes: number][],
  options: { isSingleFile: boolean },
): SeededTorrent {
  let offsetBytes = 0;
  const placed = files.map(([path, lengthBytes]) => {
    const file = { path, lengthBytes, offsetBytes, executable: false };
    offsetBytes += Math.ceil(lengthBytes / 100) * 100;
    return file;
  });
  return {
    name,
    files: placed,
    isSingleFile: options.isSingleFile,
    geometry: new PieceGeometry(placed, 100, offsetBytes),
  };
}

describe('fileUrl()', () => {
  const one = torrentOf('one file.bin', [['one file.bin', 10]], { isSingleFile: true });
  const many = torrentOf(
    'a game',
    [
      ['maps/höhle #1.dat', 10],
      ['100%?.txt', 10],
    ],
    { isSingleFile: false },
  );

  it('takes the URL as the file of a single-file torrent', () => {
    expect(fileUrl('http://h/some/name', one, 0)).toBe('http://h/some/name');
  });

  it('adds the name of a single-file torrent to a URL that ends with a slash', () => {
    expect(fileUrl('http://h/some/', one, 0)).toBe('http://h/some/one%20file.bin');
  });

  it('adds name and path of a multi-file torrent, each part encoded, with or without a slash', () => {
    for (const seed of ['http://h/d', 'http://h/d/']) {
      expect(fileUrl(seed, many, 0)).toBe('http://h/d/a%20game/maps/h%C3%B6hle%20%231.dat');
      expect(fileUrl(seed, many, 1)).toBe('http://h/d/a%20game/100%25%3F.txt');
    }
  });

  it('keeps a query string behind the path', () => {
    expect(fileUrl('http://h/d?key=1', many, 1)).toBe('http://h/d/a%20game/100%25%3F.txt?key=1');
  });
});

describe('planFetch()', () => {
  const torrent = torrentOf(
    't',
    [
      ['a', 250],
      ['empty', 0],
      ['b', 30],
      ['c', 100],
    ],
    { isSingleFile: false },
  );

  it('asks for a part of each file that the run touches, and never for pads', () => {
    const spans = planFetch({ kind: 'bep19', url: 'http://h/' }, torrent, { firstPiece: 1, pieceCount: 3 });
    expect(spans.map(({ url, startBytes, endBytes }) => [url, startBytes, endBytes])).toEqual([
      ['http://h/t/a', 100, 250],
      ['http://h/t/b', 0, 30],
    ]);
  });

  it('asks a release stream for one range, however many files the run touches', () => {
    const spans = planFetch({ kind: 'stream', url: 'http://h/s' }, torrent, { firstPiece: 2, pieceCount: 3 });
    expect(spans).toEqual([
      {
        url: 'http://h/s',
        resourceLengthBytes: 380,
        startBytes: 200,
        endBytes: 380,
        parts: [
          { piece: 2, pieceOffsetBytes: 0, lengthBytes: 50 },
          { piece: 3, pieceOffsetBytes: 0, lengthBytes: 30 },
          { piece: 4, pieceOffsetBytes: 0, lengthBytes: 100 },
        ],
      },
    ]);
  });

  it('covers every byte of the run exactly once, whatever the files', () => {
    const runs = fc.record({
      lengths: fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }),
      from: fc.nat(100),
      count: fc.nat(100),
    });
    fc.assert(
      fc.property(runs, fc.constantFrom('bep19' as const, 'stream' as const), ({ lengths, from, count }, kind) => {
        const some = torrentOf(
          't',
          lengths.map((length, index) => [`f${index}`, length]),
          { isSingleFile: false },
        );
        const firstPiece = Math.min(from, some.geometry.pieceCount);
        const pieceCount = Math.min(count, some.geometry.pieceCount - firstPiece);
        const spans = planFetch({ kind, url: 'http://h/' }, some, { firstPiece, pieceCount });
        const filled = new Map<number, number>();
        for (const span of spans) {
          expect(span.endBytes).toBeLessThanOrEqual(span.resourceLengthBytes);
          expect(span.parts.reduce((sum, part) => sum + part.lengthBytes, 0)).toBe(span.endBytes - span.startBytes);
          for (const part of span.parts) filled.set(part.piece, (filled.get(part.piece) ?? 0) + part.lengthBytes);
        }
        for (let piece = firstPiece; piece < firstPiece + pieceCount; piece += 1) {
          expect(filled.get(piece)).toBe(some.geometry.filledBytesOfPiece(piece));
        }
        if (kind === 'stream') expect(spans.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
