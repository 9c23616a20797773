import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DiskFileSystem } from '../file-system/index.ts';
import { createTorrentFrom, HashPool } from '../hashing/index.ts';
import { ResumeFile } from './index.ts';

const PIECE = 16_384;
const CONTENTS = { 'a.bin': 5 * PIECE + 7, 'b.bin': 3 * PIECE, 'c.bin': 2 * PIECE + 1 };
const DIRECTORY = '.swarmpatch/resume';

describe.each(['v1', 'v2', 'hybrid'] as const)('ResumeFile of a %s torrent', (format) => {
  let dir: string;
  let metainfo: Metainfo;
  let flushes: number;
  const pool = new HashPool();

  afterAll(() => pool.close());

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'resume-'));
    flushes = 0;
    await mkdir(pathOf('game'));
    for (const [name, lengthBytes] of Object.entries(CONTENTS))
      await writeFile(pathOf('game', name), Buffer.alloc(lengthBytes, `this is ${name}. `));
    ({ metainfo } = await createTorrentFrom(pathOf('game'), { format, pieceLengthBytes: PIECE, pool }));
  });

  afterEach(() => rm(dir, { recursive: true }));

  function pathOf(...names: string[]): string {
    return join(dir, ...names);
  }

  function resume(): ResumeFile {
    return new ResumeFile({
      metainfo,
      locate: (fileIndex) => {
        const file = metainfo.files[fileIndex];
        return pathOf(file ? pathInDownload(metainfo, file) : '');
      },
      flush: () => Promise.resolve(void (flushes += 1)),
      files: new DiskFileSystem(dir),
      directory: DIRECTORY,
    });
  }

  /** What is had, and how many bytes had to be read to know. */
  async function recall(): Promise<{ missing: number[]; readBytes: number }> {
    let readBytes = 0;
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => void (readBytes = doneBytes);
    const file = resume();
    const have = new Bitfield(metainfo.pieceCount, await file.recall({ onProgress, pool }));
    await file.close(have.bits);
    const pieces = Array.from({ length: metainfo.pieceCount }, (_, piece) => piece);
    return { missing: pieces.filter((piece) => !have.has(piece)), readBytes };
  }

  /** As whoever wants not to be seen. */
  async function overwrite(name: string, then: 'restore_time' | 'leave_time'): Promise<void> {
    const path = pathOf('game', name);
    const { atime, mtime } = await stat(path);
    // Milliseconds are what can be put back.
    await utimes(path, atime, mtime);
    await recall();
    const handle = await open(path, 'r+');
    await handle.write(Buffer.alloc(10, 'x'), 0, 10, 0);
    await handle.close();
    if (then === 'restore_time') await utimes(path, atime, mtime);
  }

  function piecesOf(name: string): { first: number; end: number } {
    return metainfo.geometry.piecesOfFile(metainfo.files.findIndex(({ path }) => path === name));
  }

  it('hashes everything once, and reads nothing after that', async () => {
    const first = await recall();
    expect(first.missing).toEqual([]);
    expect(first.readBytes).toBeGreaterThanOrEqual(metainfo.lengthBytes);
    expect(await recall()).toEqual({ missing: [], readBytes: 0 });
  });

  it('hashes the files alone that have another time', async () => {
    await recall();
    await utimes(pathOf('game', 'b.bin'), 1, 1);
    const { missing, readBytes } = await recall();
    expect(missing).toEqual([]);
    expect(readBytes).toBeGreaterThan(0);
    // v1 pieces do not end with their file, and are read a few together.
    if (format !== 'v1') expect(readBytes).toBe(CONTENTS['b.bin']);
    expect((await recall()).readBytes).toBe(0);
  });

  it('sees what was changed, made longer or taken away', async () => {
    await overwrite('a.bin', 'leave_time');
    expect((await recall()).missing).toEqual([piecesOf('a.bin').first]);
    await appendFile(pathOf('game', 'b.bin'), 'more');
    expect((await recall()).missing).toEqual([piecesOf('a.bin').first]);
    await rm(pathOf('game', 'c.bin'));
    const { first, end } = piecesOf('c.bin');
    const lost = Array.from({ length: end - first }, (_, piece) => first + piece);
    expect(await recall()).toEqual({ missing: [piecesOf('a.bin').first, ...lost], readBytes: 0 });
  });

  it('sees another length although the time was put back', async () => {
    const path = pathOf('game', 'b.bin');
    const { atime, mtime } = await stat(path);
    await utimes(path, atime, mtime);
    await recall();
    await truncate(path, CONTENTS['b.bin'] - 1);
    await utimes(path, atime, mtime);
    expect((await recall()).missing).toEqual([piecesOf('b.bin').end - 1]);
  });

  it('does not see what was changed when length and time were put back: that is found before it is served', async () => {
    await overwrite('a.bin', 'restore_time');
    expect(await recall()).toEqual({ missing: [], readBytes: 0 });
  });

  it('claims nothing that was not flushed before', async () => {
    await rm(pathOf('game', 'c.bin'));
    const file = resume();
    const have = new Bitfield(metainfo.pieceCount, await file.recall({ pool }));
    await file.save(have.bits);
    expect(flushes).toBe(1);
    await file.save(have.bits);
    expect(flushes).toBe(1);
    await writeFile(pathOf('game', 'c.bin'), Buffer.alloc(CONTENTS['c.bin'], 'this is c.bin. '));
    await file.close(Bitfield.full(metainfo.pieceCount).bits);
    expect(flushes).toBe(2);
    expect(await recall()).toEqual({ missing: [], readBytes: 0 });
  });

  it('takes a piece that was saved, and not one that came after, when nothing else was written', async () => {
    await recall();
    const file = resume();
    const have = new Bitfield(metainfo.pieceCount, await file.recall({ pool }));
    have.delete(0);
    await file.close(have.bits);
    expect(await recall()).toEqual({ missing: [0], readBytes: 0 });
  });

  it('tells without reading what it knows of which file', async () => {
    const file = resume();
    await file.begin();
    await file.close(Bitfield.full(metainfo.pieceCount).bits);
    await utimes(pathOf('game', 'b.bin'), 1, 1);
    const piecesOfFile = await resume().glance();
    const known = metainfo.files.map((_, fileIndex) => piecesOfFile(fileIndex)?.length);
    // A v1 piece may be of two files.
    expect(known).toEqual(format === 'v1' ? [undefined, undefined, undefined] : [6, undefined, 3]);
  });

  it('is as good as none when it is torn', async () => {
    await recall();
    const [name = ''] = await readdir(pathOf(DIRECTORY));
    const bytes = await readFile(pathOf(DIRECTORY, name));
    await writeFile(pathOf(DIRECTORY, name), bytes.subarray(0, -9));
    const { missing, readBytes } = await recall();
    expect(missing).toEqual([]);
    expect(readBytes).toBeGreaterThanOrEqual(metainfo.lengthBytes);
  });
});
