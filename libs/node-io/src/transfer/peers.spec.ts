import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { encodeHandshake, encodeMessages, PeerWire } from '@swarmpatch/peer-wire';
import { Bitfield, type PeerAddress } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { fetchMagnet, FilePieceStore, startTransfer, type Transfer, type TransferOptions } from './index.ts';
import { ownHosts } from './own-hosts.ts';

const content = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, at) => (at * 31 + (at >> 8) * 7) & 255));
const FAKES = 30;
/** An address of this machine in a private network, where it has one. */
const LAN_HOST = ownHosts().find((host) => /^(f[cd]..:|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host));

describe('peers of a transfer', { timeout: 30_000 }, () => {
  let dir: string;
  let metainfo: Metainfo;
  const running: Transfer[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'peers-'));
    await mkdir(join(dir, 'seed'));
    await writeFile(join(dir, 'seed', 'a.bin'), content);
    const options = { name: 'a.bin', format: 'hybrid', pieceLengthBytes: 32_768 } as const;
    metainfo = (await createTorrentFrom(join(dir, 'seed', 'a.bin'), options)).metainfo;
  });

  afterEach(async () => {
    for (const transfer of running.splice(0)) await transfer.stop();
    for (const server of servers.splice(0)) server.close();
    for (const socket of sockets) socket.destroy();
    await rm(dir, { recursive: true });
  });

  async function start(place: string, options: Partial<TransferOptions> = {}): Promise<Transfer> {
    await mkdir(join(dir, place), { recursive: true });
    const torrent = options.metainfo ?? metainfo;
    const store = new FilePieceStore(torrent.geometry, (fileIndex) => {
      const file = torrent.files[fileIndex];
      if (!file) throw new RangeError(`no file ${fileIndex}`);
      return join(dir, place, pathInDownload(torrent, file));
    });
    const transfer = await startTransfer({
      metainfo: torrent,
      store,
      have: new Uint8Array(0),
      trackers: [],
      webSeeds: [],
      listen: { host: '127.0.0.1', port: 0 },
      timeoutMs: 25_000,
      ...options,
    });
    running.push(transfer);
    return transfer;
  }

  function startSeed(options: Partial<TransferOptions> = {}): Promise<Transfer> {
    return start('seed', { have: Bitfield.full(metainfo.pieceCount).bits, ...options });
  }

  function addressOf({ address }: Transfer): PeerAddress {
    if (!address) throw new Error('the transfer does not listen');
    return address;
  }

  async function expectWhole(place: string): Promise<void> {
    expect(content.equals(await readFile(join(dir, place, 'a.bin')))).toBe(true);
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** A program that says that it has everything, and sends nothing. */
  async function startFake(): Promise<PeerAddress> {
    const server = createServer((socket) => {
      sockets.add(socket);
      const wire = new PeerWire();
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        try {
          for (const event of wire.receive(bytes)) {
            if (event.kind !== 'handshake') continue;
            const peerId = Buffer.alloc(20, `fake ${addressIn(server).port} and more`);
            socket.write(encodeHandshake({ ...event, peerId }));
            socket.write(encodeMessages([{ kind: 'have_all' }, { kind: 'unchoke' }]));
          }
        } catch {
          socket.destroy();
        }
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return addressIn(server);
  }

  function addressIn(server: Server): PeerAddress {
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  it('find each other through a peer that knows them', async () => {
    const seed = await startSeed({ limits: { uploadBytesPerSecond: 20_000 } });
    const middle = await start('middle', { peers: [addressOf(seed)] });
    const last = await start('last', { peers: [addressOf(middle)] });
    // Each of the three is connected to the other two.
    await until(() => [seed, middle, last].every(({ stats }) => stats.peers === 2));
  });

  it('get little more than one copy from a super-seed, and the rest from each other (BEP 16)', async () => {
    const nobody = { host: '127.0.0.1', port: 9 };
    const players = [await start('first', { peers: [nobody] })];
    for (const place of ['second', 'third']) players.push(await start(place, { peers: players.map(addressOf) }));
    await until(() => players.every(({ stats }) => stats.peers === 2));
    const seed = await startSeed({ superSeed: true, peers: players.map(addressOf) });
    await Promise.all(players.map(({ done }) => done));
    for (const place of ['first', 'second', 'third']) await expectWhole(place);
    expect(seed.stats.uploadedBytes).toBeLessThan(2 * content.length);
  });

  it.skipIf(LAN_HOST === undefined)('of the local network are free of the limits where that is said', async () => {
    const listen = { host: LAN_HOST ?? '', port: 0 };
    const seed = await startSeed({ listen, limits: { uploadBytesPerSecond: 1 }, lanLimits: 'exempt' });
    const transfer = await start('copy', { listen, peers: [addressOf(seed)] });
    await transfer.done;
    await expectWhole('copy');
  });

  it('meet over IPv6, and a magnet link does', async () => {
    const listen = { host: '::1', port: 0 };
    const seed = await startSeed({ listen });
    const found = await fetchMagnet({
      identity: { infohashV2: metainfo.infohashV2 },
      peers: [addressOf(seed)],
      trackers: [],
      timeoutMs: 10_000,
    });
    expect(found.metainfo.pieceHashes.layers[0]).toBeDefined();
    const transfer = await start('copy', { listen, metainfo: found.metainfo, peers: found.peers });
    await transfer.done;
    await expectWhole('copy');
  });

  it('meet where one listens to both families', async () => {
    const seed = await startSeed({ listen: { host: '::', port: 0 } });
    const { port } = addressOf(seed);
    for (const host of ['127.0.0.1', '::1']) {
      const transfer = await start(`over ${host}`, { peers: [{ host, port }] });
      await transfer.done;
      await expectWhole(`over ${host}`);
    }
  });

  it('that are fake do not keep the web seed from bringing everything', async () => {
    const server = createHttpServer((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const [begin, end] = [Number(from), Number(to)];
      response.writeHead(206, {
        'content-range': `bytes ${begin}-${end}/${content.length}`,
        'content-length': end - begin + 1,
      });
      response.end(content.subarray(begin, end + 1));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const peers = await Promise.all(Array.from({ length: FAKES }, startFake));
    const { host, port } = addressIn(server);
    const transfer = await start('copy', { peers, webSeeds: [{ kind: 'bep19', url: `http://${host}:${port}/a.bin` }] });
    await transfer.done;
    await expectWhole('copy');
    expect(transfer.stats.fromWebSeedsBytes).toBe(content.length);
  });
});
