import { Buffer } from 'node:buffer';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { encodeTorrent, parseInfo, pathInDownload } from '@swarmpatch/metainfo';
import type { Metainfo, TorrentFormat } from '@swarmpatch/metainfo';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkFiles } from './check-files.ts';
import type { CheckedFiles } from './check-report.ts';
import { createTorrentFrom } from './create-torrent.ts';
import { hashFiles } from './hash-files.ts';
import { HashPool } from './hash-pool.ts';
import { readTorrentFile, writeTorrentFile } from './torrent-file.ts';

let root = '';
const pool = new HashPool({ threads: 2 });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swarmpatch-hashing-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});
afterAll(async () => {
  await pool.close();
});

function bytesOf(lengthBytes: number, seed: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >>> 8) * 7 + seed) & 0xff),
  );
}

async function put(path: string, data: Buffer | string): Promise<void> {
  const absolutePath = join(root, path);
  await mkdir(dirname(absolutePath), { recursive: true });
  await writeFile(absolutePath, data);
}

async function putGame(): Promise<void> {
  await put('game/data/level.pak', bytesOf(70_000, 1));
  await put('game/data.txt', bytesOf(5, 2));
  await put('game/game.exe', bytesOf(40_000, 3));
  await chmod(join(root, 'game/game.exe'), 0o755);
  await put('game/empty', '');
  await put('game/zz', bytesOf(32_768, 4));
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}

function create(path: string, format: TorrentFormat, pieceLengthBytes = 32_768): ReturnType<typeof createTorrentFrom> {
  return createTorrentFrom(join(root, path), { format, pieceLengthBytes, pool });
}

function check(metainfo: Metainfo): Promise<CheckedFiles> {
  return checkFiles(
    metainfo,
    (index) => {
      const file = metainfo.files[index];
      return file && join(root, pathInDownload(metainfo, file));
    },
    { pool },
  );
}

/** Names in place of indexes. */
async function findDamage(
  metainfo: Metainfo,
): Promise<{ damaged: (string | undefined)[]; missing: (string | undefined)[] }> {
  const { damaged, missing } = await check(metainfo);
  const nameOf = (index: number): string | undefined => metainfo.files[index]?.path;
  return { damaged: damaged.map(({ fileIndex }) => nameOf(fileIndex)), missing: missing.map(nameOf) };
}

describe('createTorrentFrom()', () => {
  it.each([
    [
      'hybrid',
      'a930a8a758d2a8de1bfe5ca873a1a5f457b9a802',
      'a2d786c8e7acee8d4cb0919b4061ee1188c4b33349bd271aee483c0e90fe5af4',
    ],
    ['v2', undefined, 'e6997c42738c890f7cc987c7669b3d36a2ba4089dc04852b4e0c00a5521a4b8d'],
  ] as const)('gives the infohashes that libtorrent 2.0.8 gives a directory: %s', async (format, v1, v2) => {
    await putGame();
    const { metainfo } = await create('game', format);
    expect([hex(metainfo.infohashV1), hex(metainfo.infohashV2)]).toEqual([v1, v2]);
  });

  it.each([
    [
      'hybrid',
      '6106b81bca8f0a4935639c20bffa3650ae585c04',
      '0db3be6563ec9749fdd6cee275fcc3747e0a73a0cceb30ae5f937b79a7b60093',
    ],
    ['v1', '5fd8c137e8e8c3b542e7db81790286e0981dda93', undefined],
    ['v2', undefined, '51ec0451752c82ca4881070be7866688b2f29b582b4388fe9d03e57eb9463db8'],
  ] as const)('gives the infohashes that libtorrent 2.0.8 gives a lone file: %s', async (format, v1, v2) => {
    await put('lone.bin', bytesOf(50_000, 5));
    const { metainfo } = await create('lone.bin', format);
    expect([hex(metainfo.infohashV1), hex(metainfo.infohashV2)]).toEqual([v1, v2]);
  });

  it('gives the same bytes for the same files, whenever they were written', async () => {
    await putGame();
    const first = await create('game', 'hybrid');
    await rename(join(root, 'game'), join(root, 'old'));
    await putGame();
    const second = await create('game', 'hybrid');
    expect(hex(second.torrentBytes)).toBe(hex(first.torrentBytes));
  });

  it('hashes files of many parts and long pieces as it does short ones', async () => {
    const data = bytesOf(20_000_000, 6);
    await put('big/large.pak', data);
    await put('big/small.txt', 'small');
    const roots: (string | undefined)[][] = [];
    for (const pieceLengthBytes of [16_384, 262_144, 1_048_576, 16_777_216]) {
      const { metainfo } = await create('big', 'hybrid', pieceLengthBytes);
      roots.push(metainfo.files.map((file) => hex(file.piecesRoot)));
      expect(await findDamage(metainfo)).toEqual({ damaged: [], missing: [] });
      // Without layers the v1 hashes are compared with: they agree with what was read above.
      expect(await findDamage(parseInfo(metainfo.infoBytes))).toEqual({ damaged: [], missing: [] });
    }
    expect(new Set(roots.map((root) => root.join()))).toHaveLength(1);
  });

  it('takes the given name for the directory, and for a lone file', async () => {
    await putGame();
    const { metainfo } = await createTorrentFrom(join(root, 'game/zz'), { name: 'other', pool });
    expect([metainfo.name, metainfo.files[0]?.path]).toEqual(['other', 'other']);
    expect((await createTorrentFrom(join(root, 'game'), { name: 'other', pool })).metainfo.name).toBe('other');
  });

  it('reports progress up to every byte', async () => {
    await putGame();
    const seen: number[] = [];
    await createTorrentFrom(join(root, 'game'), {
      pool,
      onProgress: ({ doneBytes, totalBytes }) => seen.push(doneBytes / totalBytes),
    });
    expect(seen.at(-1)).toBe(1);
  });

  it.each([
    [{ name: '..' }, 'bad_name'],
    [{ name: 'a/b' }, 'bad_name'],
    [{ name: 'nul' }, 'bad_name'],
    [{ pieceLengthBytes: 10_000 }, 'bad_piece_length'],
    [{ pieceLengthBytes: 8192 }, 'bad_piece_length'],
    [{ pieceLengthBytes: 2 ** 30 }, 'bad_piece_length'],
  ])('refuses %o before it reads a byte', async (options, code) => {
    await putGame();
    await expect(createTorrentFrom(join(root, 'game'), { ...options, pool })).rejects.toMatchObject({ code });
  });

  it('refuses a directory without a byte in it', async () => {
    await put('none/empty', '');
    await expect(create('none', 'hybrid')).rejects.toMatchObject({ code: 'no_data' });
    await mkdir(join(root, 'nothing'));
    await expect(create('nothing', 'hybrid')).rejects.toMatchObject({ code: 'no_data' });
  });

  it('stops when told to', async () => {
    await put('big/large.pak', bytesOf(9_000_000, 6));
    const controller = new AbortController();
    const created = createTorrentFrom(join(root, 'big'), {
      pool,
      signal: controller.signal,
      onScanned: () => {
        controller.abort(new Error('stopped'));
      },
    });
    await expect(created).rejects.toThrow('stopped');
  });
});

describe('a file that changes while it is read', () => {
  const changes: [string, () => Promise<void>][] = [
    ['grows', () => writeFile(join(root, 'game/zz'), bytesOf(40_000, 4))],
    ['shrinks', () => truncate(join(root, 'game/zz'), 100)],
    ['is written over', () => writeFile(join(root, 'game/zz'), bytesOf(32_768, 9))],
    ['is touched', () => utimes(join(root, 'game/zz'), 1, 1)],
  ];

  it.each(changes)('is named when it %s', async (_, change) => {
    await putGame();
    await utimes(join(root, 'game/zz'), 1000, 1000);
    for (const format of ['v1', 'hybrid'] as const) {
      await put('game/zz', bytesOf(32_768, 4));
      await utimes(join(root, 'game/zz'), 1000, 1000);
      await expect(createWhile(format, change)).rejects.toMatchObject({ code: 'file_changed', path: 'zz' });
    }
  });

  it('is named when it goes away', async () => {
    await putGame();
    await expect(createWhile('hybrid', () => unlink(join(root, 'game/zz')))).rejects.toMatchObject({
      code: 'not_found',
      path: 'zz',
    });
  });

  /** The change comes after the scan and before the first byte is read: `run` starts only once it is made. */
  async function createWhile(format: TorrentFormat, change: () => Promise<void>): Promise<void> {
    const held = new HashPool({ threads: 1 });
    const run = held.run.bind(held);
    held.run = async (...parameters) => {
      await change();
      await run(...parameters);
    };
    try {
      await createTorrentFrom(join(root, 'game'), { format, pieceLengthBytes: 32_768, pool: held });
    } finally {
      await held.close();
    }
  }
});

describe('checkFiles()', () => {
  it.each(['v1', 'v2', 'hybrid'] as const)('finds what is damaged and what is missing: %s', async (format) => {
    await putGame();
    const { metainfo } = await create('game', format);
    expect(await findDamage(metainfo)).toEqual({ damaged: [], missing: [] });

    const level = bytesOf(70_000, 1);
    level[50_000] = (level[50_000] ?? 0) ^ 1;
    await put('game/data/level.pak', level);
    await unlink(join(root, 'game/empty'));
    const { damaged, missing } = await findDamage(metainfo);
    expect(damaged).toContain('data/level.pak');
    expect(missing).toEqual(['empty']);
  });

  it('names the damaged pieces and marks the others as there', async () => {
    await putGame();
    const { metainfo } = await create('game', 'hybrid');
    await truncate(join(root, 'game/data/level.pak'), 40_000);
    await unlink(join(root, 'game/zz'));
    const checked = await check(metainfo);
    const level = metainfo.files.findIndex((file) => file.path === 'data/level.pak');
    const { first } = metainfo.geometry.piecesOfFile(level);
    expect(checked.damaged).toEqual([{ fileIndex: level, pieces: [first + 1, first + 2] }]);
    expect(checked.missing).toEqual([metainfo.files.findIndex((file) => file.path === 'zz')]);
    // data/level.pak has 3 pieces, data.txt 1, game.exe 2, zz 1.
    expect([...checked.havePieces]).toEqual([0b1001_1100]);
  });

  it('calls a file damaged that goes on past its end', async () => {
    await putGame();
    const { metainfo } = await create('game', 'hybrid');
    await put('game/data.txt', Buffer.concat([bytesOf(5, 2), Buffer.from('more')]));
    await put('game/empty', 'not empty');
    expect(await findDamage(metainfo)).toEqual({ damaged: ['data.txt', 'empty'], missing: [] });
  });

  it('calls a file missing whose place a directory has taken', async () => {
    await putGame();
    const { metainfo } = await create('game', 'v2');
    for (const path of ['game/zz', 'game/empty']) {
      await unlink(join(root, path));
      await mkdir(join(root, path));
    }
    expect(await findDamage(metainfo)).toEqual({ damaged: [], missing: ['empty', 'zz'] });
  });

  it('compares what links say', async () => {
    await putGame();
    await symlink('data/level.pak', join(root, 'game/link'));
    const { metainfo } = await create('game', 'hybrid');
    expect(await findDamage(metainfo)).toEqual({ damaged: [], missing: [] });
    await unlink(join(root, 'game/link'));
    await symlink('data.txt', join(root, 'game/link'));
    expect((await findDamage(metainfo)).damaged).toEqual(['link']);
    await unlink(join(root, 'game/link'));
    expect((await findDamage(metainfo)).missing).toEqual(['link']);
  });

  it('counts files that are nowhere as missing', async () => {
    await putGame();
    const { metainfo } = await create('game', 'v1');
    const { missing, havePieces } = await checkFiles(metainfo, () => undefined, { pool });
    expect(missing).toHaveLength(5);
    expect([...havePieces]).toEqual([0]);
  });
});

describe('HashPool', () => {
  it('serves several callers at once', async () => {
    await put('a', bytesOf(100_000, 1));
    await put('b', bytesOf(100_000, 2));
    const fileOf = (path: string): { path: string; absolutePath: string; lengthBytes: number } => ({
      path,
      absolutePath: join(root, path),
      lengthBytes: 100_000,
    });
    const options = { pieceLengthBytes: 16_384, v1: 'none' } as const;
    const hashes = await Promise.all(['a', 'b', 'a'].map((path) => hashFiles(pool, [fileOf(path)], options)));
    const [a, b, again] = hashes.map(([first]) => hex(first?.piecesRoot));
    expect(a).toBe(again);
    expect(a).not.toBe(b);
  });

  it('ends what is under way when it is closed, and takes no more', async () => {
    await put('a', bytesOf(100_000, 1));
    const closing = new HashPool({ threads: 1 });
    const files = [{ path: 'a', absolutePath: join(root, 'a'), lengthBytes: 100_000 }];
    const hashing = hashFiles(closing, files, { pieceLengthBytes: 16_384, v1: 'none' });
    const refusal = expect(hashing).rejects.toThrow('closed');
    await closing.close();
    await refusal;
    await expect(hashFiles(closing, files, { pieceLengthBytes: 16_384, v1: 'none' })).rejects.toThrow('closed');
  });
});

describe('torrent files', () => {
  it('are written whole and read back', async () => {
    await putGame();
    const { torrentBytes, infoBytes, pieceLayers } = await create('game', 'hybrid');
    const path = join(root, 'game.torrent');
    await writeTorrentFile(path, encodeTorrent({ infoBytes, pieceLayers }));
    await writeTorrentFile(path, torrentBytes);
    const { bytes, metainfo } = await readTorrentFile(path);
    expect(hex(bytes)).toBe(hex(torrentBytes));
    expect(metainfo.name).toBe('game');
  });

  it('are refused by name where they cannot be read or written', async () => {
    await expect(readTorrentFile(join(root, 'none.torrent'))).rejects.toMatchObject({ code: 'torrent_unreadable' });
    await expect(readTorrentFile(root)).rejects.toMatchObject({ code: 'torrent_unreadable' });
    await expect(writeTorrentFile(join(root, 'no/where.torrent'), Buffer.from('x'))).rejects.toMatchObject({
      code: 'torrent_unwritable',
    });
  });
});
