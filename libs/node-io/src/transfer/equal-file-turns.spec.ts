import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload, PieceGeometry, type PieceRange } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { EQUAL_FILE_WAIT_MS_MAX, EqualFileTurns } from './equal-file-turns.ts';
import { FilePieceStore, type TorrentOptions, TransferSession } from './index.ts';
import type { FileSharer, Place } from './file-sharer.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const SHARED_BYTES = 3_000_001;
const OWN_BYTES = 50_000;
const PIECE = 16_384;

describe('EqualFileTurns', () => {
  const files = [{ lengthBytes: 10 * PIECE, offsetBytes: 0 }];
  let turns: EqualFileTurns;
  let nowMs: number;

  beforeEach(() => {
    turns = new EqualFileTurns();
    nowMs = 0;
  });

  /** A torrent of one file of ten pieces. */
  function place(): Place & { have: Bitfield; told: readonly PieceRange[] } {
    const have = new Bitfield(10);
    const sharer = {
      metainfo: { geometry: new PieceGeometry(files, PIECE, 10 * PIECE), pieceLengthBytes: PIECE },
      isOver: false,
      needs: (piece: number) => !have.has(piece),
      has: (first: number, end: number) => have.missingWithin(first, end) === 0,
      leaveToOthers: (ranges: readonly PieceRange[]) => void (it.told = ranges),
    } as unknown as FileSharer;
    const it = { sharer, fileIndex: 0, have, told: [] as readonly PieceRange[] };
    return it;
  }

  function look(...places: Place[]): void {
    nowMs += 1_000;
    turns.look([['root', places]], nowMs);
  }

  it('has the one fetch that lacks least, and the others wait', () => {
    const [first, second, third] = [place(), place(), place()];
    second.have.add(3);
    look(first, second, third);
    expect([first, second, third].map(({ told }) => told)).toEqual([
      [{ first: 0, end: 10 }],
      [],
      [{ first: 0, end: 10 }],
    ]);
  });

  it('waits as long as pieces come, and no longer', () => {
    const [first, second] = [place(), place()];
    for (let piece = 0; piece < 9; piece += 1) {
      first.have.add(piece);
      nowMs += 900;
      look(first, second);
      expect(second.told).toHaveLength(1);
    }
    for (let waitedMs = 0; waitedMs < EQUAL_FILE_WAIT_MS_MAX; waitedMs += 1_000) look(first, second);
    expect(second.told).toEqual([]);
    first.have.add(9);
    look(first, second);
    expect(second.told).toEqual([]);
  });

  it('has nobody fetch what one has whole, until it cannot be copied', () => {
    const [first, second] = [place(), place()];
    for (let piece = 0; piece < 10; piece += 1) first.have.add(piece);
    look(first, second);
    expect(second.told).toHaveLength(1);
    turns.giveUp('root');
    look(first, second);
    expect(second.told).toEqual([]);
  });

  it('does not count the time in which nothing ran', () => {
    const [first, second] = [place(), place()];
    look(first, second);
    nowMs += 60 * EQUAL_FILE_WAIT_MS_MAX;
    look(first, second);
    expect(second.told).toHaveLength(1);
  });

  it('waits for the next one when the first is over', () => {
    const [first, second, third] = [place(), place(), place()];
    look(first, second, third);
    look(second, third);
    expect([second, third].map(({ told }) => told.length)).toEqual([0, 1]);
    look(third);
    expect(third.told).toEqual([]);
  });
});

describe('two torrents of a session that begin together', () => {
  let dir: string;
  const sessions: TransferSession[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'equal-files-'));
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close();
    await rm(dir, { recursive: true });
  });

  async function open(uploadBytesPerSecond?: number): Promise<TransferSession> {
    const session = await TransferSession.open({ listen: LOOPBACK, limits: { uploadBytesPerSecond } });
    sessions.push(session);
    return session;
  }

  async function publish(name: string, pieceLengthBytes: number, shared: Uint8Array): Promise<Metainfo> {
    await mkdir(join(dir, 'seed', name), { recursive: true });
    await writeFile(join(dir, 'seed', name, 'own.bin'), randomBytes(OWN_BYTES));
    await writeFile(join(dir, 'seed', name, 'shared.bin'), shared);
    return (await createTorrentFrom(join(dir, 'seed', name), { name, pieceLengthBytes })).metainfo;
  }

  function torrentIn(where: string, metainfo: Metainfo, options: Partial<TorrentOptions> = {}): TorrentOptions {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      return join(dir, where, file ? pathInDownload(metainfo, file) : '');
    });
    return { metainfo, store, have: new Uint8Array(0), trackers: [], webSeeds: [], timeoutMs: 15_000, ...options };
  }

  it('fetch no byte of an equal file twice, whatever their piece lengths', async () => {
    const shared = randomBytes(SHARED_BYTES);
    const torrents = [await publish('old', 65_536, shared), await publish('new', 16_384, shared)];
    const session = await open();
    const transfers = [];
    for (const metainfo of torrents) {
      const seed = await open(3_000_000);
      seed.add(torrentIn('seed', metainfo, { have: Bitfield.full(metainfo.pieceCount).bits }));
      transfers.push(session.add(torrentIn('copy', metainfo, { peers: [seed.address ?? LOOPBACK] })));
    }
    await Promise.all(transfers.map(({ done }) => done));
    const fromPeersBytes = transfers.reduce((sum, { stats }) => sum + stats.fromPeersBytes, 0);
    const wastedBytes = transfers.reduce((sum, { stats }) => sum + stats.wastedBytes, 0);
    const fromDiskBytes = transfers.reduce((sum, { stats }) => sum + stats.fromDiskBytes, 0);
    expect({ fromPeersBytes, wastedBytes, fromDiskBytes }).toEqual({
      fromPeersBytes: SHARED_BYTES + 2 * OWN_BYTES,
      wastedBytes: 0,
      fromDiskBytes: SHARED_BYTES,
    });
    for (const { name } of torrents) {
      expect((await readFile(join(dir, 'copy', name, 'shared.bin'))).equals(shared)).toBe(true);
    }
  });
});
