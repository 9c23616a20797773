import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockHashesOf, pieceLayerFromBlocks, piecesRootFromBlocks } from '@swarmpatch/merkle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HashPool } from '../hashing/index.ts';
import { DiskFileSystem } from './disk-file-system.ts';
import { TreeHasher } from './tree-hasher.ts';

const PIECE = 32_768;

describe('TreeHasher', () => {
  let root: string;
  const pool = new HashPool({ threads: 2 });
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'swarmpatch-hasher-'));
  });
  afterAll(async () => {
    await pool.close();
    await rm(root, { recursive: true, force: true });
  });

  it('gives each file its root and layer, and none to a file that is gone or was changed', async () => {
    const files = new DiskFileSystem(root);
    const contents = new Map([
      ['one-block', randomBytes(100)],
      ['one-piece', randomBytes(PIECE)],
      ['large', randomBytes(9_000_001)],
    ]);
    for (const [path, content] of contents) await writeFile(join(root, path), content);
    const asked = [...contents.keys(), 'gone', 'changed'].map((path) => ({ path, lengthBytes: 100, mtimeMs: 0 }));
    await writeFile(join(root, 'changed'), randomBytes(100));
    for (const file of asked.slice(0, 3)) {
      const stat = await files.stat(file.path);
      Object.assign(file, { lengthBytes: stat?.lengthBytes, mtimeMs: stat?.mtimeMs });
    }
    let doneBytes = 0;
    const found = await new TreeHasher(files, pool).hash(asked, {
      pieceLengthBytes: PIECE,
      onProgress: (done) => {
        doneBytes = done;
      },
    });
    for (const [index, content] of [...contents.values()].entries()) {
      const blocks = blockHashesOf(content);
      const layer = content.length > PIECE ? pieceLayerFromBlocks(blocks, PIECE) : new Uint8Array();
      expect(Buffer.from(found[index]?.piecesRoot ?? []).equals(piecesRootFromBlocks(blocks))).toBe(true);
      expect(Buffer.from(found[index]?.pieceLayer ?? []).equals(layer)).toBe(true);
    }
    expect(found.slice(3)).toEqual([undefined, undefined]);
    expect(doneBytes).toBe(asked.reduce((sum, file) => sum + file.lengthBytes, 0));
  });
});
