import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Metainfo } from '@swarmpatch/metainfo';
import { encodeHandshake, encodeMessages, type EncryptionPolicy, PeerWire } from '@swarmpatch/peer-wire';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { FilePieceStore, startTransfer, type Transfer, type TransferOptions } from './index.ts';
import { infohashesOf } from './torrent-identity.ts';

const PIECE_BYTES = 2 * 1024 * 1024;
const content = Buffer.alloc(5 * PIECE_BYTES + 70_000, 'what a game is made of, ');

describe('a seed', () => {
  let dir: string;
  let metainfo: Metainfo;
  const running: Transfer[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'serving-'));
    await writeFile(join(dir, 'seed'), content);
    const created = await createTorrentFrom(join(dir, 'seed'), {
      name: 'seed',
      format: 'hybrid',
      pieceLengthBytes: PIECE_BYTES,
    });
    metainfo = created.metainfo;
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const transfer of running.splice(0)) await transfer.stop();
    await rm(dir, { recursive: true });
  });

  async function start(name: string, options: Partial<TransferOptions> = {}): Promise<Transfer> {
    const transfer = await startTransfer({
      metainfo,
      store: new FilePieceStore(metainfo.geometry, () => join(dir, name)),
      have: new Uint8Array(0),
      trackers: [],
      webSeeds: [],
      listen: { host: '127.0.0.1', port: 0 },
      timeoutMs: 15_000,
      ...options,
    });
    running.push(transfer);
    return transfer;
  }

  async function startSeed(options: Partial<TransferOptions> = {}): Promise<Transfer> {
    return start('seed', { have: Bitfield.full(metainfo.pieceCount).bits, ...options });
  }

  function addressOf(transfer: Transfer): { host: string; port: number } {
    if (!transfer.address) throw new Error('the transfer does not listen');
    return transfer.address;
  }

  async function change(offsetBytes: number): Promise<void> {
    const file = await open(join(dir, 'seed'), 'r+');
    await file.write('X', offsetBytes);
    await file.close();
  }

  it('sends no byte of pieces that were changed, and tells which they were', async () => {
    for (const piece of [0, 1, 2, 3]) await change(piece * PIECE_BYTES + 5);
    const damaged: number[] = [];
    const seed = await startSeed({ onDamaged: (piece) => damaged.push(piece) });
    const copy = await start('copy', { peers: [addressOf(seed)], timeoutMs: 4_000 });
    await expect(copy.done).rejects.toMatchObject({ code: 'timed_out' });
    expect(damaged.sort()).toEqual([0, 1, 2, 3]);
    expect(copy.stats.badPieces).toBe(0);
    expect(copy.stats.piecesWantedLeft).toBe(4);
    expect(seed.stats.piecesHave).toBe(metainfo.pieceCount - 4);
  });

  it('compares a piece again when its file was changed after it was served', async () => {
    const damaged: number[] = [];
    const seed = await startSeed({ onDamaged: (piece) => damaged.push(piece) });
    const first = await start('first', { peers: [addressOf(seed)] });
    await first.done;
    await first.stop();
    await change(0);
    await truncate(join(dir, 'seed'), content.length - 1);
    const second = await start('second', { peers: [addressOf(seed)], timeoutMs: 4_000 });
    await second.done.catch(() => undefined);
    // What the cache still holds of a piece is as it should be, whatever the file is now.
    expect(second.stats.badPieces).toBe(0);
    expect(damaged.every((piece) => [0, metainfo.pieceCount - 1].includes(piece))).toBe(true);
  });

  it('serves what it just fetched, while it fetches, without reading it twice', async () => {
    const seed = await startSeed();
    const middle = await start('middle', { peers: [addressOf(seed)] });
    const last = await start('last', { peers: [addressOf(middle)] });
    await Promise.all([middle.done, last.done]);
    expect(content.equals(await readFile(join(dir, 'last')))).toBe(true);
  });

  it.each<[EncryptionPolicy, EncryptionPolicy]>([
    ['require', 'require'],
    ['require', 'prefer'],
    ['prefer', 'require'],
    ['allow', 'require'],
    ['prefer', 'refuse'],
    ['refuse', 'allow'],
  ])('that says %s serves a peer that says %s', async (seeding, fetching) => {
    const seed = await startSeed({ encryption: seeding });
    const copy = await start('copy', { encryption: fetching, peers: [addressOf(seed)] });
    await copy.done;
    expect(content.equals(await readFile(join(dir, 'copy')))).toBe(true);
  });

  it('that requires encryption talks to nobody who refuses it', async () => {
    const seed = await startSeed({ encryption: 'require' });
    const copy = await start('copy', { encryption: 'refuse', peers: [addressOf(seed)], timeoutMs: 1_500 });
    await expect(copy.done).rejects.toMatchObject({ code: 'timed_out' });
    expect(seed.stats.uploadedBytes).toBe(0);
  });

  it('cuts off a peer that asks and takes nothing', async () => {
    const seed = await startSeed();
    const [infohash = new Uint8Array(20)] = infohashesOf(metainfo);
    const peerId = new Uint8Array(20).fill(65);
    const socket = connect(addressOf(seed));
    sockets.push(socket);
    socket.pause();
    socket.write(encodeHandshake({ infohash, peerId, extensions: false, fast: true, v2: true }));
    socket.write(encodeMessages([{ kind: 'have_none' }, { kind: 'interested' }]));
    const flood = encodeMessages(
      Array.from({ length: 20_000 }, () => ({ kind: 'request', piece: 0, begin: 0, lengthBytes: 16_384 }) as const),
    );
    socket.on('error', () => undefined);
    // Who takes nothing does not see the end of the stream: that a write fails tells.
    await new Promise<void>((resolve) => {
      const ask = (error?: Error | null): void => {
        if (error) resolve();
        else socket.write(flood, ask);
      };
      ask();
    });
    expect(seed.stats.peers).toBe(0);
  });

  it('answers a plain peer that hangs up on an encrypted handshake plainly', async () => {
    const openings: number[] = [];
    const wire = new PeerWire();
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.once('data', (bytes) => {
        openings.push(bytes[0] ?? -1);
        if (bytes[0] !== 19) socket.destroy();
        else for (const event of wire.receive(bytes)) if (event.kind === 'handshake') socket.emit('greeted');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const greeted = new Promise((resolve) => {
      server.on('connection', (socket: Socket) => socket.on('greeted', resolve));
    });
    const port = (server.address() as { port: number }).port;
    await startSeed({ peers: [{ host: '127.0.0.1', port }] });
    await greeted;
    expect(openings).toHaveLength(2);
    server.close();
  });
});
