import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startDht } from '../discovery/index.ts';
import { createTorrentFrom } from '../hashing/index.ts';
import { FilePieceStore, type SessionOptions, type TorrentOptions, type Transfer, TransferSession } from './index.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const NAMES = ['game', 'patch', 'extras'];

describe('TransferSession', () => {
  let dir: string;
  let torrents: Metainfo[];
  const sessions: TransferSession[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'session-'));
    torrents = [];
    for (const [index, name] of NAMES.entries()) {
      await mkdir(join(dir, 'seed', name), { recursive: true });
      await writeFile(join(dir, 'seed', name, 'data.bin'), contentOf(index));
      const options = { name, format: 'hybrid', pieceLengthBytes: 32_768 } as const;
      torrents.push((await createTorrentFrom(join(dir, 'seed', name), options)).metainfo);
    }
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close();
    await rm(dir, { recursive: true });
  });

  async function open(options: SessionOptions = {}): Promise<TransferSession> {
    const session = await TransferSession.open({ listen: LOOPBACK, ...options });
    sessions.push(session);
    return session;
  }

  function torrentIn(place: string, metainfo: Metainfo, options: Partial<TorrentOptions> = {}): TorrentOptions {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      if (!file) throw new RangeError(`no file ${fileIndex}`);
      return join(dir, place, pathInDownload(metainfo, file));
    });
    return { metainfo, store, have: new Uint8Array(0), trackers: [], webSeeds: [], timeoutMs: 20_000, ...options };
  }

  async function seedAll(options: SessionOptions = {}): Promise<TransferSession> {
    const session = await open(options);
    for (const metainfo of torrents) {
      session.add(torrentIn('seed', metainfo, { have: Bitfield.full(metainfo.pieceCount).bits }));
    }
    return session;
  }

  function addressOf({ address }: TransferSession): { host: string; port: number } {
    if (!address) throw new Error('the session does not listen');
    return address;
  }

  async function expectWhole(place: string, index: number): Promise<void> {
    const bytes = await readFile(join(dir, place, NAMES[index] ?? '', 'data.bin'));
    expect(bytes.equals(contentOf(index))).toBe(true);
  }

  it('fetches and serves many torrents behind one port each side', async () => {
    const peers = [addressOf(await seedAll())];
    const session = await open();
    const transfers = torrents.map((metainfo) => session.add(torrentIn('copy', metainfo, { peers })));
    await Promise.all(transfers.map(({ done }) => done));
    for (const index of NAMES.keys()) await expectWhole('copy', index);
    expect(new Set(transfers.map(({ address }) => address?.port)).size).toBe(1);
  });

  it('goes on with the others when one torrent fails, and takes it again', async () => {
    const peers = [addressOf(await seedAll())];
    const session = await open();
    await writeFile(join(dir, 'blocked'), 'a file where a directory should be');
    const [first, second] = torrents as [Metainfo, Metainfo];
    const broken = session.add(torrentIn('blocked', first, { peers }));
    const sound = session.add(torrentIn('copy', second, { peers }));
    await expect(broken.done).rejects.toMatchObject({ code: 'piece_not_written' });
    await sound.done;
    await expectWhole('copy', 1);
    await broken.stop();
    await session.add(torrentIn('copy', first, { peers })).done;
    await expectWhole('copy', 0);
  });

  it('has each torrent once', async () => {
    const session = await open();
    const [metainfo] = torrents as [Metainfo];
    const full = { have: Bitfield.full(metainfo.pieceCount).bits };
    session.add(torrentIn('seed', metainfo, full));
    expect(() => session.add(torrentIn('seed', metainfo, full))).toThrow(
      expect.objectContaining({ code: 'torrent_added' }),
    );
  });

  it('has no peer while it is paused by anything, and goes on when nothing pauses it', async () => {
    const seed = await seedAll({ limits: { uploadBytesPerSecond: 150_000 } });
    const session = await open();
    session.pause('schedule');
    session.pause('game');
    const [metainfo] = torrents as [Metainfo];
    // The pause is no part of the time that the transfer has.
    const transfer = session.add(torrentIn('copy', metainfo, { peers: [addressOf(seed)], timeoutMs: 9_000 }));
    session.resume('schedule');
    expect(session.pausedBy).toEqual(['game']);
    expect(await isDoneWithin(transfer, 500)).toBe(false);
    expect(transfer.stats.peers).toBe(0);
    session.resume('game');
    await until(() => transfer.stats.piecesHave > 0);
    seed.pause('game');
    expect(seed.transfers.every(({ stats }) => stats.peers === 0)).toBe(true);
    expect(await isDoneWithin(transfer, 1_000)).toBe(false);
    // Nor does anybody come in meanwhile, who tries.
    expect(seed.transfers.every(({ stats }) => stats.peers === 0)).toBe(true);
    seed.resume('game');
    await transfer.done;
    await expectWhole('copy', 0);
  });

  it('keeps to the connections that it may have, all torrents together', async () => {
    const peers = [addressOf(await seedAll())];
    const session = await open({ connectionsMax: 1 });
    const transfers = torrents.map((metainfo) => session.add(torrentIn('copy', metainfo, { peers })));
    const watch = setInterval(() => {
      const connections = transfers.reduce((sum, { stats }) => sum + stats.peers, 0);
      mostConnections = Math.max(mostConnections, connections);
    }, 5);
    let mostConnections = 0;
    await transfers[0]?.done;
    clearInterval(watch);
    // What was dialled before the first connection stood may stand beside it.
    expect(mostConnections).toBeLessThanOrEqual(NAMES.length);
  });

  it('keeps all torrents to one limit, each to its own, and takes other limits at any time', async () => {
    const peers = [addressOf(await seedAll())];
    const session = await open({ limits: { downloadBytesPerSecond: 1 } });
    const transfers = torrents.map((metainfo) => session.add(torrentIn('copy', metainfo, { peers })));
    const slow = transfers[0];
    slow?.setLimits({ downloadBytesPerSecond: 1 });
    await until(() => transfers.every(({ stats }) => stats.peers > 0));
    expect(await isDoneWithin(transfers[1], 500)).toBe(false);
    session.setLimits({});
    await Promise.all(transfers.slice(1).map(({ done }) => done));
    expect(await isDoneWithin(slow, 300)).toBe(false);
    slow?.setLimits({});
    await slow?.done;
  });

  it('meets peers of its torrents through one DHT node, with trackers and without, but those of no private one', async () => {
    const router = await startDht({ addresses: [LOOPBACK.host], bootstrapNodes: [] });
    const discovery = { dht: { bootstrapNodes: [{ host: LOOPBACK.host, port: router.ports.ipv4 ?? expect.fail() }] } };
    try {
      const [first, second, third] = torrents as [Metainfo, Metainfo, Metainfo];
      const secret = { ...third, private: true };
      const seed = await open({ discovery });
      const session = await open({ discovery });
      for (const metainfo of [first, second, secret]) {
        seed.add(torrentIn('seed', metainfo, { have: Bitfield.full(metainfo.pieceCount).bits }));
      }
      const deadTrackers = [['http://127.0.0.1:9/announce']];
      const transfers = [
        session.add(torrentIn('copy', first)),
        session.add(torrentIn('copy', second, { trackers: deadTrackers })),
      ];
      await Promise.all(transfers.map(({ done }) => done));
      await expect(session.add(torrentIn('copy', secret)).done).rejects.toMatchObject({ code: 'no_sources' });
      expect(session.dhtState).toBeDefined();
    } finally {
      await router.close();
    }
  });

  it('asks no public router when it listens on loopback alone', async () => {
    const session = await open({ discovery: { dht: {}, lan: 'use' } });
    const [metainfo] = torrents as [Metainfo];
    await expect(session.add(torrentIn('copy', metainfo)).done).rejects.toMatchObject({ code: 'no_sources' });
    expect(session.discoveriesOf([])).toEqual([]);
  });

  it('gives a reader what it asks for before all else, verified, and waits for it', async () => {
    const peers = [addressOf(await seedAll({ limits: { uploadBytesPerSecond: 200_000 } }))];
    const session = await open();
    const [metainfo] = torrents as [Metainfo];
    const transfer = session.add(torrentIn('copy', metainfo, { peers }));
    const readers = [
      [250_000, 290_001],
      [5, 70_000],
    ] as const;
    const read = await Promise.all(
      readers.map(async ([begin, end]) => Buffer.concat(await arrayOf(transfer.read(0, begin, end)))),
    );
    for (const [index, [begin, end]] of readers.entries()) {
      expect(read[index]?.equals(contentOf(0).subarray(begin, end))).toBe(true);
    }
    const gone = new AbortController();
    const waiting = arrayOf(transfer.read(0, 0, 300_000, gone.signal));
    gone.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await transfer.whenHere([0]);
    await transfer.done;
    await expectWhole('copy', 0);
  });

  it('lets go of readers when their torrent ends', async () => {
    const session = await open();
    const [metainfo] = torrents as [Metainfo];
    const nobody = { host: '127.0.0.1', port: 1 };
    const transfer = session.add(torrentIn('copy', metainfo, { peers: [nobody] }));
    const reading = arrayOf(transfer.read(0, 0, 10));
    const waiting = transfer.whenHere([0]);
    const refused = [expect(reading).rejects, expect(waiting).rejects].map((each) =>
      each.toMatchObject({ code: 'stopped' }),
    );
    await transfer.stop();
    await Promise.all(refused);
  });

  it('finds what a magnet link names through a peer that can only come in, and goes on with it', async () => {
    const [metainfo] = torrents as [Metainfo];
    const session = await open();
    const found = session.fetchMagnet({ identity: metainfo, peers: [{ host: LOOPBACK.host, port: 9 }], trackers: [] });
    const seed = await open();
    const peers = session.address ? [session.address] : [];
    seed.add(torrentIn('seed', metainfo, { have: Bitfield.full(metainfo.pieceCount).bits, peers }));
    const magnet = await found;
    expect(magnet.peers).toContainEqual({ ...seed.address, origin: 'incoming' });
    await session.add(torrentIn('copy', magnet.metainfo, { peers: magnet.peers })).done;
  });

  it('fetches no metadata of a torrent that it has', async () => {
    const session = await seedAll();
    const [metainfo] = torrents as [Metainfo];
    const magnet = session.fetchMagnet({ identity: metainfo, peers: [LOOPBACK], trackers: [] });
    await expect(magnet).rejects.toMatchObject({ code: 'torrent_added' });
  });

  it('takes nothing more once it is closed, and its torrents are stopped', async () => {
    const session = await seedAll();
    const { transfers } = session;
    await session.close();
    expect(session.transfers).toEqual([]);
    expect(transfers).toHaveLength(NAMES.length);
    const [metainfo] = torrents as [Metainfo];
    expect(() => session.add(torrentIn('copy', metainfo))).toThrow(expect.objectContaining({ code: 'session_closed' }));
  });
});

function contentOf(index: number): Buffer {
  return Buffer.alloc(300_000, `torrent ${index} has this text. `);
}

async function isDoneWithin(transfer: Transfer | undefined, waitMs: number): Promise<boolean | undefined> {
  const late = new Promise<false>((resolve) => setTimeout(resolve, waitMs, false));
  return Promise.race([transfer?.done.then(() => true), late]);
}

async function arrayOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
