import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import {
  FilePieceStore,
  type ListenAddress,
  type SessionOptions,
  type TorrentOptions,
  TransferSession,
} from './index.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const SHARED_BYTES = 700_001;
const OWN_BYTES = 100_000;

describe('SharedFiles', () => {
  let dir: string;
  const sessions: TransferSession[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'shared-files-'));
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

  async function publish(name: string, format: 'v1' | 'v2' | 'hybrid', pieceLengthBytes: number): Promise<Metainfo> {
    await mkdir(join(dir, 'seed', name), { recursive: true });
    await writeFile(join(dir, 'seed', name, 'own.bin'), Buffer.alloc(OWN_BYTES, `own of ${name}. `));
    await writeFile(join(dir, 'seed', name, 'shared.bin'), Buffer.alloc(SHARED_BYTES, 'in every torrent. '));
    return (await createTorrentFrom(join(dir, 'seed', name), { name, format, pieceLengthBytes })).metainfo;
  }

  function torrentIn(place: string, metainfo: Metainfo, options: Partial<TorrentOptions> = {}): TorrentOptions {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      if (!file) throw new RangeError(`no file ${fileIndex}`);
      return join(dir, place, pathInDownload(metainfo, file));
    });
    return { metainfo, store, have: new Uint8Array(0), trackers: [], webSeeds: [], timeoutMs: 15_000, ...options };
  }

  async function seed(metainfo: Metainfo, options: SessionOptions = {}): Promise<ListenAddress> {
    const session = await open(options);
    session.add(torrentIn('seed', metainfo, { have: Bitfield.full(metainfo.pieceCount).bits }));
    if (!session.address) throw new Error('the seed does not listen');
    return session.address;
  }

  async function expectWhole(name: string): Promise<void> {
    for (const file of ['own.bin', 'shared.bin']) {
      const [found, wanted] = await Promise.all(
        ['copy', 'seed'].map((place) => readFile(join(dir, place, name, file))),
      );
      expect(wanted && found?.equals(wanted)).toBe(true);
    }
  }

  it('copies a file that another torrent has, whatever the piece lengths', async () => {
    const old = await publish('old', 'hybrid', 65_536);
    const news = await publish('new', 'v2', 16_384);
    const session = await open();
    await session.add(torrentIn('copy', old, { peers: [await seed(old)] })).done;
    // As in life, the disk is faster than the network.
    const peers = [await seed(news, { limits: { uploadBytesPerSecond: 300_000 } })];
    const transfer = session.add(torrentIn('copy', news, { peers }));
    await transfer.done;
    await expectWhole('new');
    const { fromDiskBytes, fromPeersBytes } = transfer.stats;
    expect({ fromDiskBytes, fromPeersBytes }).toEqual({ fromDiskBytes: SHARED_BYTES, fromPeersBytes: OWN_BYTES });
  });

  it('finishes two torrents that nobody has the whole of', async () => {
    const old = await publish('old', 'v2', 16_384);
    const news = await publish('new', 'hybrid', 32_768);
    const session = await open();
    const first = session.add(torrentIn('copy', old, { peers: [await seed(old)] }));
    const holder = await open();
    const own = filesOf(news, [0]);
    holder.add(torrentIn('seed', news, { have: own, wanted: own }));
    const second = session.add(torrentIn('copy', news, { peers: [holder.address ?? LOOPBACK] }));
    await Promise.all([first.done, second.done]);
    expect(second.stats.fromDiskBytes).toBe(SHARED_BYTES);
    expect(second.stats.fromPeersBytes).toBe(OWN_BYTES);
    await expectWhole('old');
    await expectWhole('new');
  });

  it('lets a torrent without any source live on what others have, or are fetching', async () => {
    const old = await publish('old', 'hybrid', 65_536);
    const news = await publish('new', 'v2', 16_384);
    const shared = filesOf(news, [1]);
    const session = await open();
    const first = session.add(torrentIn('copy', old, { peers: [await seed(old)] }));
    const during = session.add(torrentIn('during', news, { wanted: shared }));
    await Promise.all([first.done, during.done]);
    await during.stop();
    const after = session.add(torrentIn('after', news, { wanted: shared }));
    await after.done;
    for (const place of ['during', 'after']) {
      const [copied, wanted] = await Promise.all(
        [place, 'seed'].map((at) => readFile(join(dir, at, 'new/shared.bin'))),
      );
      expect(wanted && copied?.equals(wanted)).toBe(true);
    }
  });

  it('lets it go when they have no more for it, or what they have is damaged', async () => {
    const old = await publish('old', 'hybrid', 65_536);
    const news = await publish('new', 'v2', 16_384);
    const session = await open();
    const whole = { have: Bitfield.full(old.pieceCount).bits };
    const holder = session.add(torrentIn('seed', old, whole));
    const partial = session.add(torrentIn('copy', news));
    await expect(partial.done).rejects.toMatchObject({ code: 'no_sources' });
    expect(partial.stats.fromDiskBytes).toBe(SHARED_BYTES);
    await holder.stop();
    await writeFile(join(dir, 'seed', 'old', 'shared.bin'), Buffer.alloc(SHARED_BYTES, 'not the same. '));
    session.add(torrentIn('seed', old, whole));
    const spoiled = session.add(torrentIn('other', news, { wanted: filesOf(news, [1]) }));
    await expect(spoiled.done).rejects.toMatchObject({ code: 'no_sources' });
  });

  it('does not hand on what was damaged on disk since', async () => {
    const old = await publish('old', 'v2', 16_384);
    const news = await publish('new', 'v2', 32_768);
    const session = await open();
    await session.add(torrentIn('copy', old, { peers: [await seed(old)] })).done;
    await writeFile(join(dir, 'copy', 'old', 'shared.bin'), Buffer.alloc(SHARED_BYTES, 'not the same. '));
    const transfer = session.add(torrentIn('copy', news, { peers: [await seed(news)] }));
    await transfer.done;
    await expectWhole('new');
    expect(transfer.stats.fromDiskBytes).toBe(0);
  });

  it('leaves v1 torrents alone: they have no roots', async () => {
    const old = await publish('old', 'v1', 32_768);
    const news = await publish('new', 'v1', 16_384);
    const session = await open();
    await session.add(torrentIn('copy', old, { peers: [await seed(old)] })).done;
    const transfer = session.add(torrentIn('copy', news, { peers: [await seed(news)] }));
    await transfer.done;
    expect(transfer.stats.fromDiskBytes).toBe(0);
  });
});

/** The pieces of some files: a bitfield. */
function filesOf({ pieceCount, geometry }: Metainfo, files: readonly number[]): Uint8Array {
  const pieces = new Bitfield(pieceCount);
  for (const { first, end } of files.map((fileIndex) => geometry.piecesOfFile(fileIndex)))
    for (let piece = first; piece < end; piece += 1) pieces.add(piece);
  return pieces.bits;
}
