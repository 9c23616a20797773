import { type Metainfo, PieceGeometry } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { describe, expect, it } from 'vitest';

import { selectFiles } from './selected-files.ts';

const PIECE = 16_384;
const files = [
  { path: 'a', lengthBytes: 10, offsetBytes: 0, executable: false },
  { path: 'b', lengthBytes: PIECE + 1, offsetBytes: PIECE, executable: false },
  { path: 'c', lengthBytes: 0, offsetBytes: 3 * PIECE, executable: false },
  { path: 'd', lengthBytes: 10, offsetBytes: 3 * PIECE, executable: false },
];

function torrent(format: Metainfo['format']): Metainfo {
  const geometry = new PieceGeometry(files, PIECE, 4 * PIECE);
  const rest = { name: 'x', isSingleFile: false, trackers: [], webSeeds: [], dhtNodes: [], private: false };
  const pieceHashes = { layers: [] };
  const infoBytes = new Uint8Array(0);
  return {
    ...rest,
    format,
    files,
    geometry,
    pieceCount: 4,
    pieceLengthBytes: PIECE,
    lengthBytes: 0,
    pieceHashes,
    infoBytes,
  };
}

function selected(format: Metainfo['format'], first: number, last: number): { files: string; pieces: number[] } {
  const selection = selectFiles(torrent(format), [{ first, last }]);
  const names = [...selection.files].map((index) => files[index]?.path).join('');
  return { files: names, pieces: [...new Bitfield(4, selection.pieces).indexes()] };
}

describe('selectFiles()', () => {
  it('counts files as a v2 torrent lists them', () => {
    expect(selected('v2', 1, 1)).toEqual({ files: 'b', pieces: [1, 2] });
    expect(selected('v2', 3, 9)).toEqual({ files: 'd', pieces: [3] });
  });

  it('counts the pad files of a hybrid', () => {
    expect(selected('hybrid', 1, 1)).toEqual({ files: '', pieces: [] });
    expect(selected('hybrid', 2, 2)).toEqual({ files: 'b', pieces: [1, 2] });
    expect(selected('hybrid', 0, 5)).toEqual({ files: 'abcd', pieces: [0, 1, 2, 3] });
  });

  it('takes all when nothing is selected', () => {
    expect(selectFiles(torrent('v2'), []).files.size).toBe(files.length);
  });
});
