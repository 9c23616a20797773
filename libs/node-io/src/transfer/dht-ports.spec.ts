import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { encodeHandshake, HANDSHAKE_BYTES, parseHandshake } from '@swarmpatch/peer-wire';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { FilePieceStore, type SessionOptions, type Transfer, TransferSession } from './index.ts';
import { infohashesOf } from './torrent-identity.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const hasIpv6 = Object.values(networkInterfaces()).some((infos) => infos?.some(({ address }) => address === '::1'));
const HOSTS = [LOOPBACK.host, ...(hasIpv6 ? ['::1'] : [])];
const ALONE = { dht: { bootstrapNodes: [] } };
const NAMES = ['with-the-first', 'with-the-second', 'named-by-nobody'];

describe('port messages', () => {
  let dir: string;
  let torrents: [Metainfo, Metainfo, Metainfo];
  const sessions: TransferSession[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dht-ports-'));
    torrents = (await Promise.all(NAMES.map(create))) as typeof torrents;
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close();
    await rm(dir, { recursive: true });
  });

  async function create(name: string): Promise<Metainfo> {
    await mkdir(join(dir, 'seed', name), { recursive: true });
    await writeFile(join(dir, 'seed', name, 'data.bin'), contentOf(name));
    const options = { name, format: 'hybrid', pieceLengthBytes: 32_768 } as const;
    return (await createTorrentFrom(join(dir, 'seed', name), options)).metainfo;
  }

  async function open(options: SessionOptions = {}): Promise<TransferSession> {
    const session = await TransferSession.open({ listen: LOOPBACK, discovery: ALONE, ...options });
    sessions.push(session);
    return session;
  }

  function add(session: TransferSession, metainfo: Metainfo, place: string, from?: TransferSession): Transfer {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) =>
      join(dir, place, pathInDownload(metainfo, metainfo.files[fileIndex] ?? { path: '' })),
    );
    const have = place === 'seed' ? Bitfield.full(metainfo.pieceCount).bits : new Uint8Array(0);
    const peers = from?.address ? [from.address] : [];
    return session.add({ metainfo, store, have, trackers: [], webSeeds: [], timeoutMs: 25_000, peers });
  }

  it.each(HOSTS)(
    'make two nodes find each other that know a third one alone, and it from a peer, at %s',
    { timeout: 30_000 },
    async (host) => {
      const listen = { host, port: 0 };
      const [ofFirst, ofSecond, wanted] = torrents;
      // Who has everything hangs up: nobody gets there.
      const middle = await open({ listen, limits: { uploadBytesPerSecond: 1 } });
      const first = await open({ listen });
      const second = await open({ listen });
      add(middle, ofFirst, 'seed');
      add(middle, ofSecond, 'seed');
      add(first, wanted, 'seed');
      add(first, ofFirst, 'copy', middle);
      add(second, ofSecond, 'copy', middle);
      await add(second, wanted, 'copy').done;
      const copied = await readFile(join(dir, 'copy', wanted.name, 'data.bin'));
      expect(copied.equals(contentOf(wanted.name))).toBe(true);
    },
  );

  it('are promised in the handshake where there is a node, and never for a private torrent', async () => {
    const [shown, secret] = torrents;
    const session = await open();
    add(session, shown, 'seed');
    add(session, { ...secret, private: true }, 'seed');
    const without = await open({ discovery: {} });
    add(without, shown, 'seed');
    expect(await saysDht(session, shown)).toBe(true);
    expect(await saysDht(session, secret)).toBe(false);
    expect(await saysDht(without, shown)).toBe(false);
  });
});

/** Whether a session answers a handshake with the bit of BEP 5. */
async function saysDht({ address }: TransferSession, metainfo: Metainfo): Promise<boolean | undefined> {
  const [infohash = new Uint8Array(20)] = infohashesOf(metainfo);
  const socket = connect(address ?? LOOPBACK).on('error', () => undefined);
  try {
    const peerId = new Uint8Array(20).fill(65);
    socket.write(encodeHandshake({ infohash, peerId, extensions: false, fast: true, v2: false, dht: true }));
    let answer = Buffer.alloc(0);
    while (answer.length < HANDSHAKE_BYTES) {
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      answer = Buffer.concat([answer, bytes]);
    }
    return parseHandshake(answer.subarray(0, HANDSHAKE_BYTES)).dht;
  } finally {
    socket.destroy();
  }
}

function contentOf(name: string): Buffer {
  return Buffer.alloc(300_000, `torrent ${name} has this text. `);
}
