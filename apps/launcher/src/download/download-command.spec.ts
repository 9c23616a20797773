import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeTorrent, type Metainfo, parseTorrent, pathInDownload } from '@swarmpatch/metainfo';
import { startDht } from '@swarmpatch/node-io/discovery';
import { createTorrentFrom } from '@swarmpatch/node-io/hashing';
import { FilePieceStore, TransferSession } from '@swarmpatch/node-io/transfer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type LauncherRun, runLauncher } from '../testing/launcher-run.contract.ts';

const SHARED_BYTES = 2_000_000;
const OWN_BYTES = 50_000;

describe('download', () => {
  let dir: string;
  let session: TransferSession;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'download-'));
    session = await TransferSession.open({
      listen: { host: '127.0.0.1', port: 0 },
      limits: { uploadBytesPerSecond: 2_000_000 },
    });
  });

  afterEach(async () => {
    await session.close();
    await rm(dir, { recursive: true });
  });

  /** @returns the torrent's file, and its infohash when other seeds than the spec's are named. */
  async function seed(
    name: string,
    pieceLengthBytes: number,
    seeds = session,
    format: 'hybrid' | 'v2' = 'hybrid',
  ): Promise<string> {
    const source = join(dir, 'seed', name);
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'engine.pak'), Buffer.alloc(SHARED_BYTES, 'in every game. '));
    await writeFile(join(source, 'start.bin'), Buffer.alloc(OWN_BYTES, name));
    const options = { name, format, pieceLengthBytes };
    const { metainfo, torrentBytes } = await createTorrentFrom(source, options);
    await writeFile(join(dir, `${name}.torrent`), torrentBytes);
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => join(dir, 'seed', pathOf(metainfo, fileIndex)));
    const have = new Uint8Array(Math.ceil(metainfo.pieceCount / 8)).fill(0xff);
    have[have.length - 1] = (0xff << (have.length * 8 - metainfo.pieceCount)) & 0xff;
    seeds.add({ metainfo, store, have, trackers: [], webSeeds: [] });
    if (seeds !== session) return Buffer.from(metainfo.infohashV1 ?? []).toString('hex');
    return join(dir, `${name}.torrent`);
  }

  function optionsOf(...more: string[]): string[] {
    const { host, port } = session.address ?? { host: '', port: 0 };
    const peer = ['--peer', `${host}:${port}`, '--listen', '127.0.0.1:0'];
    return ['--dir', join(dir, 'copy'), ...peer, '--timeout', '15', ...more];
  }

  function download(torrents: readonly string[], ...more: string[]): Promise<LauncherRun> {
    return runLauncher(['download', ...torrents, ...optionsOf(...more)]);
  }

  async function expectWhole(name: string): Promise<void> {
    for (const file of ['engine.pak', 'start.bin']) {
      const [found, wanted] = await Promise.all(
        ['copy', 'seed'].map((place) => readFile(join(dir, place, name, file))),
      );
      expect(wanted && found?.equals(wanted)).toBe(true);
    }
  }

  it('takes another port than the one that another program has, and says so', async () => {
    const torrent = await seed('starfall', 32_768);
    const { host, port } = session.address ?? { host: '', port: 0 };
    const taken = `${host}:${port}`;
    const options = ['--dir', join(dir, 'copy'), '--peer', taken, '--timeout', '15', '--listen', taken];
    const { exitCode, errors } = await runLauncher(['download', torrent, ...options]);
    expect(errors).toMatch(
      new RegExp(`port ${port} of ${host} is taken by another program; .* port [1-9]\\d+ instead`),
    );
    expect(exitCode).toBe(0);
  });

  it('fetches several torrents at once, and what they have in common once', async () => {
    const torrents = [await seed('starfall', 32_768), await seed('moonfall', 65_536)];
    const { exitCode, document } = await download(torrents);
    expect({ exitCode, document }).toMatchObject({
      exitCode: 0,
      document: {
        done: true,
        bytes: 2 * (SHARED_BYTES + OWN_BYTES),
        torrents: [{ name: 'starfall' }, { name: 'moonfall' }],
      },
    });
    await expectWhole('starfall');
    await expectWhole('moonfall');
    const { received, reused } = document as { received: { fromPeers: number }; reused: number };
    expect(received.fromPeers + reused).toBe(2 * (SHARED_BYTES + OWN_BYTES));
    expect(reused).toBeGreaterThan(SHARED_BYTES / 2);
  });

  it('holds each torrent to its own limit', async () => {
    const torrents = [await seed('starfall', 32_768), await seed('moonfall', 65_536)];
    const { document } = await download(torrents, '--max-download-each', '1KB', '--timeout', '2');
    expect(document).toMatchObject({ error: { code: 'timed_out' } });
    expect(await download(torrents, '--max-upload-each', '1KB')).toMatchObject({ exitCode: 0 });
  });

  it('fetches the others when one cannot be had, and then says why', async () => {
    const torrents = [await seed('starfall', 32_768), join(dir, 'no-such.torrent')];
    const { exitCode, document } = await download(torrents);
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'torrent_unreadable' } } });
    await expectWhole('starfall');
  });

  it('fetches the piece layers that a v2 torrent file leaves to the peers', async () => {
    const torrent = await seed('starfall', 32_768, session, 'v2');
    const metainfo = parseTorrent(await readFile(torrent));
    await writeFile(torrent, encodeTorrent({ infoBytes: metainfo.infoBytes }));
    const { exitCode, document } = await download([torrent]);
    expect({ exitCode, document }).toMatchObject({ exitCode: 0, document: { done: true } });
    await expectWhole('starfall');
    const alone = await download([torrent], '--no-peers');
    expect(alone).toMatchObject({ exitCode: 1, document: { error: { code: 'torrent_incomplete' } } });
  });

  it('begins with a magnet link and one node of the DHT, and the next time with whom it met then', async () => {
    const node = await startDht({ addresses: ['127.0.0.1'], bootstrapNodes: [] });
    const nodePort = node.ports.ipv4 ?? expect.fail();
    const seeds = await TransferSession.open({
      listen: { host: '127.0.0.1', port: 0 },
      discovery: { dht: { bootstrapNodes: [{ host: '127.0.0.1', port: nodePort }] } },
    });
    try {
      const options = ['--dir', join(dir, 'copy'), '--timeout', '18', '--listen', '127.0.0.1:0'];
      const fetchFrom = async (name: string, port: number): Promise<void> => {
        const infohash = await seed(name, 65_536, seeds);
        const dht = ['--dht-bootstrap', `127.0.0.1:${port}`, '--no-lan', '--no-port-mapping'];
        const argv = ['download', `magnet:?xt=urn:btih:${infohash}`, ...options, ...dht];
        expect(await runLauncher(argv, { alone: false })).toMatchObject({ document: { done: true, name } });
        await expectWhole(name);
      };
      await fetchFrom('starfall', nodePort);
      const nobody = 9;
      await fetchFrom('moonfall', nobody);
      await writeFile(join(dir, 'copy', '.swarmpatch', 'dht'), 'this is no state of a DHT node');
      await fetchFrom('sunfall', nodePort);
    } finally {
      await seeds.close();
      await node.close();
    }
  });

  it('fetches the first files first, and tells when they are whole', async () => {
    // At this rate the rest would take half a minute.
    session.setLimits({ uploadBytesPerSecond: 60_000 });
    let sentBytes = Infinity;
    const onError = (text: string): void => {
      if (!text.includes('playable after')) return;
      sentBytes = session.transfers[0]?.stats.uploadedBytes ?? Infinity;
      session.setLimits({});
    };
    const torrent = await seed('starfall', 32_768);
    const argv = ['download', torrent, ...optionsOf('--play-first', 'start.bin')];
    const { document } = await runLauncher(argv, { onError });
    expect(sentBytes).toBeLessThan(SHARED_BYTES / 4);
    expect(document).toMatchObject({ done: true, name: 'starfall', bytes: SHARED_BYTES + OWN_BYTES });
    const { playableSeconds, seconds } = document as { playableSeconds: number; seconds: number };
    expect(playableSeconds).toBeLessThan(seconds);
  });
});

function pathOf(metainfo: Metainfo, fileIndex: number): string {
  return pathInDownload(metainfo, { path: metainfo.files[fileIndex]?.path ?? '' });
}
