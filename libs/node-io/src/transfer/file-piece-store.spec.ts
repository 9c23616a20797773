import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PieceGeometry } from '@swarmpatch/metainfo';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FilePieceStore } from './file-piece-store.ts';

const PIECE = 32_768;
/** Two files, each at a piece boundary: 1 piece and a bit, and 10 bytes. */
const geometry = new PieceGeometry(
  [
    { lengthBytes: PIECE + 100, offsetBytes: 0 },
    { lengthBytes: 10, offsetBytes: 2 * PIECE },
  ],
  PIECE,
  3 * PIECE,
);

function pieceOf(fill: number, filledBytes: number): Uint8Array {
  return new Uint8Array(PIECE).fill(fill, 0, filledBytes);
}

describe('FilePieceStore', () => {
  let dir: string;
  const inDir = (fileIndex: number): string => join(dir, 'sub', `${fileIndex}.bin`);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'store-'));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  it('writes pieces in any order, drops pads and reads them as zeros', async () => {
    const store = new FilePieceStore(geometry, inDir);
    await store.write(2, pieceOf(3, 10));
    await store.write(1, pieceOf(2, 100));
    await store.write(0, pieceOf(1, PIECE));
    await store.flush();
    expect((await stat(inDir(0))).size).toBe(PIECE + 100);
    expect(await readFile(inDir(1))).toEqual(Buffer.alloc(10, 3));
    expect(Buffer.from(await store.read(1, 0, 200))).toEqual(Buffer.concat([Buffer.alloc(100, 2), Buffer.alloc(100)]));
    expect(Buffer.from(await store.read(2, 16_384, 16_384))).toEqual(Buffer.alloc(16_384));
    await store.close();
  });

  it('reads zeros past a last piece that is shorter than the others', async () => {
    const short = new PieceGeometry([{ lengthBytes: 100, offsetBytes: 0 }], PIECE, 100);
    const store = new FilePieceStore(short, inDir);
    await store.write(0, new Uint8Array(100).fill(7));
    expect(Buffer.from(await store.read(0, 50, 100))).toEqual(Buffer.concat([Buffer.alloc(50, 7), Buffer.alloc(50)]));
    await store.close();
  });

  it('follows a file that moves', async () => {
    let place = inDir(1);
    const store = new FilePieceStore(geometry, (fileIndex) => (fileIndex === 1 ? place : inDir(fileIndex)));
    await store.write(2, pieceOf(3, 10));
    await rename(place, join(dir, 'moved'));
    place = join(dir, 'moved');
    expect((await store.read(2, 0, 10))[9]).toBe(3);
    await store.close();
  });

  it('works with one open file at a time, and flushes those that it had to close', async () => {
    const store = new FilePieceStore(geometry, inDir, { openFilesMax: 1 });
    await Promise.all([0, 1, 2].map((piece) => store.write(piece, pieceOf(piece + 1, PIECE))));
    await store.flush();
    expect((await store.read(0, 0, 1))[0]).toBe(1);
    expect((await store.read(2, 0, 1))[0]).toBe(3);
    await store.close();
  });

  it('says so when a file is too short or not there', async () => {
    const store = new FilePieceStore(geometry, inDir);
    await expect(store.read(0, 0, 10)).rejects.toThrow('ENOENT');
    await store.write(0, pieceOf(1, PIECE));
    await expect(store.read(1, 0, 10)).rejects.toThrow('ends before');
    await store.close();
  });
});
