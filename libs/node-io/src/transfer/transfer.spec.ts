import { createServer as createHttpServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, parseInfo, pathInDownload } from '@swarmpatch/metainfo';
import { encodeHandshake, encodeMessages } from '@swarmpatch/peer-wire';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { fetchMagnet, FilePieceStore, startTransfer, type Transfer, type TransferOptions } from './index.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const contents = [700_000, 40_000, 3, 100_000].map((length, index) =>
  Buffer.alloc(length, `file ${index} has this text. `),
);

describe('startTransfer', () => {
  let dir: string;
  let metainfo: Metainfo;
  let torrentPieces: number;
  const running: Transfer[] = [];
  const servers: Server[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'transfer-'));
    await mkdir(join(dir, 'seed', 'build'), { recursive: true });
    for (const [index, bytes] of contents.entries()) await writeFile(join(dir, 'seed', 'build', `${index}.bin`), bytes);
    const created = await createTorrentFrom(join(dir, 'seed', 'build'), {
      name: 'build',
      format: 'hybrid',
      pieceLengthBytes: 32_768,
    });
    metainfo = created.metainfo;
    torrentPieces = metainfo.pieceCount;
  });

  afterEach(async () => {
    for (const transfer of running.splice(0)) await transfer.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await rm(dir, { recursive: true });
  });

  function storeIn(name: string): FilePieceStore {
    return new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      if (!file) throw new RangeError(`no file ${fileIndex}`);
      return join(dir, name, pathInDownload(metainfo, file));
    });
  }

  async function start(name: string, options: Partial<TransferOptions> = {}): Promise<Transfer> {
    const transfer = await startTransfer({
      metainfo,
      store: storeIn(name),
      have: new Uint8Array(0),
      trackers: [],
      webSeeds: [],
      listen: LOOPBACK,
      timeoutMs: 15_000,
      ...options,
    });
    running.push(transfer);
    return transfer;
  }

  function startSeed(): Promise<Transfer> {
    return start('seed', { have: Bitfield.full(torrentPieces).bits });
  }

  function addressOf(transfer: Transfer): { host: string; port: number } {
    if (!transfer.address) throw new Error('the transfer does not listen');
    return transfer.address;
  }

  async function expectWhole(name: string): Promise<void> {
    for (const [index, bytes] of contents.entries()) {
      expect(bytes.equals(await readFile(join(dir, name, 'build', `${index}.bin`)))).toBe(true);
    }
  }

  async function serveFiles(answer: 'ranges' | 'unavailable'): Promise<string> {
    const server = createHttpServer((request, response) => {
      const bytes = contents[Number(/(\d)\.bin$/.exec(request.url ?? '')?.[1])] ?? Buffer.alloc(0);
      const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
      if (answer === 'unavailable') response.writeHead(503).end();
      else if (!range) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      else {
        const [from, to] = [Number(range[1]), Number(range[2])];
        response.writeHead(206, {
          'content-range': `bytes ${from}-${to}/${bytes.length}`,
          'content-length': to - from + 1,
        });
        response.end(bytes.subarray(from, to + 1));
      }
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it('brings files from a seed to a chain of peers, who need not know the seed', async () => {
    const seed = await startSeed();
    const first = await start('first', { peers: [addressOf(seed)] });
    const second = await start('second', { peers: [addressOf(first)] });
    await Promise.all([first.done, second.done]);
    await expectWhole('first');
    await expectWhole('second');
    expect(second.stats.fromPeersBytes).toBe(metainfo.lengthBytes);
    expect(second.stats.fromWebSeedsBytes).toBe(0);
  });

  it('fetches over HTTP alone when peers are avoided', async () => {
    const transfer = await start('web', {
      webSeeds: [{ kind: 'bep19', url: await serveFiles('ranges') }],
      peerUse: 'avoid',
    });
    await transfer.done;
    await expectWhole('web');
    expect(transfer.stats.fromWebSeedsBytes).toBe(metainfo.lengthBytes);
    expect(transfer.address).toBeUndefined();
  });

  it('fetches only what is wanted', async () => {
    const seed = await startSeed();
    const wanted = new Bitfield(torrentPieces);
    wanted.add(0);
    wanted.add(torrentPieces - 1);
    const transfer = await start('some', { peers: [addressOf(seed)], wanted: wanted.bits });
    await transfer.done;
    expect(new Bitfield(torrentPieces, transfer.have).count).toBe(2);
  });

  it('rejects with no_sources at once, with timed_out in time, and with stopped', async () => {
    await expect((await start('a')).done).rejects.toMatchObject({ code: 'no_sources' });
    const nobody = { host: '127.0.0.1', port: 1 };
    await expect((await start('b', { peers: [nobody], timeoutMs: 200 })).done).rejects.toMatchObject({
      code: 'timed_out',
    });
    const refused = await start('c', {
      webSeeds: [{ kind: 'bep19', url: await serveFiles('unavailable') }],
      timeoutMs: 400,
    });
    await expect(refused.done).rejects.toThrow('503');
    const stopped = await start('d', { peers: [nobody] });
    await stopped.stop();
    await expect(stopped.done).rejects.toMatchObject({ code: 'stopped' });
  });

  it('names the file and the reason when a piece cannot be written', async () => {
    const seed = await startSeed();
    await writeFile(join(dir, 'blocked'), 'a file where a directory should be');
    const transfer = await start('blocked', { peers: [addressOf(seed)] });
    await expect(transfer.done).rejects.toMatchObject({ code: 'piece_not_written' });
  });

  it('refuses an address that is taken', async () => {
    const seed = await startSeed();
    await expect(start('x', { listen: addressOf(seed) })).rejects.toMatchObject({ code: 'port_taken' });
  });

  it('refuses an address that is not of this machine', async () => {
    const listen = { host: '192.0.2.1', port: 0 };
    await expect(start('x', { listen })).rejects.toMatchObject({ code: 'listen_failed' });
  });

  it('gives its info dictionary to those who come with a magnet link', async () => {
    const seed = await startSeed();
    const found = await fetchMagnet({
      identity: { infohashV1: metainfo.infohashV1 },
      peers: [addressOf(seed)],
      trackers: [],
      timeoutMs: 10_000,
    });
    expect(Buffer.from(found.metainfo.infoBytes).equals(metainfo.infoBytes)).toBe(true);
    expect(found.peers).toEqual([{ ...addressOf(seed), origin: 'named' }]);
  });

  it('answers to the v1 infohash and to the truncated v2 one, and to no other', async () => {
    const seed = await startSeed();
    const knock = (infohash: Uint8Array): Promise<number> =>
      new Promise((resolve) => {
        let receivedBytes = 0;
        const socket = connect(addressOf(seed), () => {
          socket.write(
            encodeHandshake({ infohash, peerId: Buffer.alloc(20, 'x'), extensions: false, fast: false, v2: true }),
          );
          socket.write(encodeMessages([{ kind: 'keep_alive' }]));
        });
        socket.on('data', (bytes) => {
          receivedBytes += bytes.length;
          socket.destroy();
        });
        socket.on('close', () => {
          resolve(receivedBytes);
        });
        socket.on('error', () => undefined);
      });
    expect(await knock(metainfo.infohashV1 ?? Buffer.alloc(20))).toBeGreaterThanOrEqual(68);
    expect(await knock((metainfo.infohashV2 ?? Buffer.alloc(32)).subarray(0, 20))).toBeGreaterThanOrEqual(68);
    expect(await knock(Buffer.alloc(20, 1))).toBe(0);
  });

  it('outlives peers that send garbage, or nothing', async () => {
    const seed = await startSeed();
    const garbage = connect(addressOf(seed), () => garbage.write(Buffer.alloc(4096, 0xee)));
    garbage.on('error', () => undefined);
    const silent = connect(addressOf(seed));
    const transfer = await start('after', { peers: [addressOf(seed)] });
    await transfer.done;
    silent.destroy();
    await expectWhole('after');
  });

  it('refuses a v2 torrent whose piece layers are missing', async () => {
    const v2 = await createTorrentFrom(join(dir, 'seed', 'build'), {
      name: 'build',
      format: 'v2',
      pieceLengthBytes: 32_768,
    });
    const bare = parseInfo(v2.metainfo.infoBytes);
    await expect(start('bare', { metainfo: bare })).rejects.toMatchObject({ code: 'torrent_incomplete' });
  });
});
