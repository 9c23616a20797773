import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { FilePieceStore, startTransfer, type Transfer, type TransferOptions } from './index.ts';

const BLOCK = 16_384;
const BLOCKS = 128;
const NAME = 'a.bin';
const content = Buffer.from(Uint8Array.from({ length: BLOCKS * BLOCK }, (_, at) => (at * 31 + (at >> 8) * 7) & 255));
/** Slow enough that two of them share a large piece. */
const SLOW = { uploadBytesPerSecond: 3 * 1024 * 1024 };

/** One byte of one block in ten is another. */
function poisoned(): Buffer {
  const wrong = Buffer.from(content);
  for (let block = 3; block < BLOCKS; block += 10) wrong[block * BLOCK + 99] = (wrong[block * BLOCK + 99] ?? 0) ^ 1;
  return wrong;
}

describe.each(['v1', 'hybrid'] as const)('a poisoner of a %s torrent', { timeout: 30_000 }, (format) => {
  let dir: string;
  const running: Transfer[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'poison-'));
  });

  afterEach(async () => {
    for (const transfer of running.splice(0)) await transfer.stop();
    await rm(dir, { recursive: true });
  });

  async function place(name: string, bytes: Buffer, pieceLengthBytes: number): Promise<Metainfo> {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, NAME), bytes);
    return (await createTorrentFrom(join(dir, name, NAME), { name: NAME, format, pieceLengthBytes })).metainfo;
  }

  async function start(name: string, metainfo: Metainfo, options: Partial<TransferOptions>): Promise<Transfer> {
    await mkdir(join(dir, name), { recursive: true });
    const transfer = await startTransfer({
      metainfo,
      store: new FilePieceStore(metainfo.geometry, (fileIndex) => {
        const file = metainfo.files[fileIndex];
        if (!file) throw new RangeError(`no file ${fileIndex}`);
        return join(dir, name, pathInDownload(metainfo, file));
      }),
      have: Bitfield.full(metainfo.pieceCount).bits,
      trackers: [],
      webSeeds: [],
      listen: { host: '127.0.0.1', port: 0 },
      timeoutMs: 25_000,
      limits: SLOW,
      ...options,
    });
    running.push(transfer);
    return transfer;
  }

  it.each([
    { pieces: 'one large piece', pieceLengthBytes: BLOCKS * BLOCK },
    { pieces: 'several pieces', pieceLengthBytes: 8 * BLOCK },
  ])('is left, and the honest peer beside it on the same host is not: $pieces', async ({ pieceLengthBytes }) => {
    const metainfo = await place('honest', content, pieceLengthBytes);
    const { files, pieceHashes } = await place('wrong', poisoned(), pieceLengthBytes);
    const honest = await start('honest', metainfo, {});
    // One of our own that takes its wrong file for what the infohash names.
    const liar = await start('wrong', { ...metainfo, files, pieceHashes }, {});
    const peers = [honest, liar].flatMap(({ address }) => address ?? []);
    const transfer = await start('copy', metainfo, { have: new Uint8Array(0), peers });
    await transfer.done;
    expect(content.equals(await readFile(join(dir, 'copy', NAME)))).toBe(true);
    expect(liar.stats.peers).toBe(0);
    // Of a large piece that both have sent, the liar may be asked for all the second time.
    expect([1, 2]).toContain(transfer.stats.badPieces);
  });
});
