import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { createTorrentFrom } from '@swarmpatch/node-io/hashing';
import { FilePieceStore, startTransfer, type Transfer } from '@swarmpatch/node-io/transfer';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LoopbackApi } from './loopback-api.ts';
import type { PlayableEvent, ShownTorrent } from './transfer-board.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const INTRO = bytesOf(1, 3_000_000);
const WORLD = bytesOf(2, 700_001);

describe('LoopbackApi', () => {
  let dir: string;
  let metainfo: Metainfo;
  let seed: Transfer;
  let transfer: Transfer;
  let api: LoopbackApi;
  const playable: PlayableEvent[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'loopback-'));
    const source = join(dir, 'seed', 'game');
    await mkdir(join(source, 'data'), { recursive: true });
    await writeFile(join(source, 'data', 'intro.webm'), INTRO);
    await writeFile(join(source, 'data', 'world 1.pak'), WORLD);
    await writeFile(join(source, 'empty'), '');
    ({ metainfo } = await createTorrentFrom(source, { name: 'game', format: 'hybrid', pieceLengthBytes: 32_768 }));
    const whole = Bitfield.full(metainfo.pieceCount).bits;
    seed = await start('seed', { have: whole, limits: { uploadBytesPerSecond: 1_000_000 } });
    transfer = await start('copy', { have: new Uint8Array(0), peers: seed.address ? [seed.address] : [] });
    api = await LoopbackApi.open(LOOPBACK, { torrents: [show(transfer)], pausedBy: [], playable, isDone: false });
  });

  afterEach(async () => {
    await api.close();
    await Promise.all([transfer.stop(), seed.stop()]);
    playable.length = 0;
    await rm(dir, { recursive: true });
  });

  function start(
    place: string,
    options: Pick<Parameters<typeof startTransfer>[0], 'have' | 'wanted' | 'peers' | 'limits'>,
  ): Promise<Transfer> {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      return join(dir, place, file ? pathInDownload(metainfo, file) : '');
    });
    return startTransfer({ metainfo, store, listen: LOOPBACK, trackers: [], webSeeds: [], ...options });
  }

  function show(shown: Transfer): ShownTorrent {
    const files = new Map(metainfo.files.map(({ path, lengthBytes }, fileIndex) => [path, { fileIndex, lengthBytes }]));
    return { name: 'game', transfer: shown, fileAt: (path) => files.get(path) };
  }

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    askOf(api.url, path, { authorization: `Bearer ${api.token}`, ...headers }, method);

  it('streams a file in order while the rest of the torrent is missing', async () => {
    const { status, headers, body } = await ask('/stream/data/world%201.pak');
    expect(transfer.stats.piecesWantedLeft).toBeGreaterThan(0);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': `${WORLD.length}`,
      'content-type': 'application/octet-stream',
    });
    expect(body.equals(WORLD)).toBe(true);
  });

  it('answers several readers who seek, each with its part', async () => {
    const parts = ['bytes=2900000-', 'bytes=1500000-1600000', 'bytes=-70000', 'bytes=0-0'];
    const answers = await Promise.all(parts.map((range) => ask('/stream/data/intro.webm', { range })));
    expect(transfer.stats.piecesWantedLeft).toBeGreaterThan(0);
    const wanted = [INTRO.subarray(2_900_000), INTRO.subarray(1_500_000, 1_600_001), INTRO.subarray(-70_000)];
    for (const [index, part] of [...wanted, INTRO.subarray(0, 1)].entries()) {
      expect(answers[index]?.status).toBe(206);
      expect(answers[index]?.body.equals(part)).toBe(true);
    }
    expect(answers[1]?.headers).toMatchObject({
      'content-range': `bytes 1500000-1600000/${INTRO.length}`,
      'content-type': 'video/webm',
    });
  });

  it('tells the length to HEAD, refuses what lies behind the end, and knows files without bytes', async () => {
    const head = await ask('/stream/data/intro.webm', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': `${INTRO.length}` } });
    expect(head.body).toHaveLength(0);
    const behind = await ask('/stream/data/intro.webm', { range: `bytes=${INTRO.length}-` });
    expect(behind).toMatchObject({ status: 416, headers: { 'content-range': `bytes */${INTRO.length}` } });
    expect(await ask('/stream/empty')).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
    expect(await ask('/stream/empty', { range: 'bytes=0-' })).toMatchObject({ status: 416 });
  });

  it('stops reading ahead for a reader who goes away', async () => {
    const read = vi.spyOn(transfer, 'read');
    await new Promise<void>((resolve, reject) => {
      const options = { headers: { authorization: `Bearer ${api.token}` } };
      const asked = request(`${api.url}/stream/data/intro.webm`, options, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      asked.on('error', reject);
      asked.end();
    });
    await api.readersDone(new AbortController().signal);
    const [reading] = read.mock.results;
    expect(reading?.type).toBe('return');
    expect(await (reading?.value as AsyncGenerator).next()).toEqual({ done: true, value: undefined });
  });

  it('refuses bytes that nobody fetches', async () => {
    await transfer.stop();
    transfer = await start('partial', {
      have: new Uint8Array(0),
      wanted: new Uint8Array(Math.ceil(metainfo.pieceCount / 8)),
      peers: seed.address ? [seed.address] : [],
    });
    await api.close();
    api = await LoopbackApi.open(LOOPBACK, { torrents: [show(transfer)], pausedBy: [], playable, isDone: false });
    expect(await ask('/stream/data/intro.webm')).toMatchObject({ status: 409 });
  });

  it('leads nowhere but to files that the torrent names', async () => {
    const paths = [
      '../seed/game/empty',
      '%2e%2e/seed/game/empty',
      '/etc/passwd',
      'data',
      '',
      '%ff',
      'data%2F..%2Fempty',
    ];
    for (const path of paths) expect(await ask(`/stream/${path}`)).toMatchObject({ status: 404 });
  });

  it('refuses who does not know the token, comes through another name, or is a page from elsewhere', async () => {
    const port = new URL(api.url).port;
    const refused = [
      [{ authorization: 'Bearer wrong' }, 401],
      [{ authorization: '' }, 401],
      [{ authorization: `Basic ${api.token}` }, 401],
      [{ host: `evil.example:${port}` }, 403],
      [{ host: '127.0.0.1' }, 403],
      [{ host: '127.0.0.1:1' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: `https://127.0.0.1:${port}` }, 403],
    ] as const;
    for (const [headers, status] of refused) {
      for (const path of ['/status', '/events', '/stream/empty']) {
        const answer = await ask(path, headers);
        expect({ headers, path, status: answer.status }).toEqual({ headers, path, status });
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
    expect(await ask('/status', { origin: api.url })).toMatchObject({ status: 200 });
    expect(await askOf(api.url, `/status?token=${api.token}`, {})).toMatchObject({ status: 200 });
    expect(await askOf(api.url, '/status?token=', {})).toMatchObject({ status: 401 });
    expect(await ask('/status', {}, 'POST')).toMatchObject({ status: 405 });
    expect(await ask('/status', {}, 'OPTIONS')).toMatchObject({ status: 405 });
    expect(await ask('/status', { 'x-long': 'x'.repeat(10_000) })).toMatchObject({ status: 431 });
  });

  it('tells listeners how it goes, what is playable, and how it ends', async () => {
    const event = { name: 'game', seconds: 1, directory: dir, files: ['empty'] };
    playable.push(event);
    const heard = ask('/events');
    await vi.waitUntil(() => transfer.stats.piecesHave > 0);
    api.playable({ ...event, seconds: 2 });
    api.failed({ code: 'timed_out', message: 'too late' });
    await api.close();
    const events = (await heard).body.toString().trim().split('\n\n');
    const kinds = events.map((text) => /^event: (\w+)\ndata: \{.*\}$/.exec(text)?.[1]);
    expect(kinds.filter((kind) => kind !== 'progress')).toEqual(['playable', 'playable', 'error']);
    expect(kinds[0]).toBe('progress');
    expect(events.at(-1)).toContain('timed_out');
  });

  it('lets those who are in the middle of a file have the rest of it', async () => {
    const reading = ask('/stream/data/world%201.pak');
    await vi.waitUntil(() => transfer.stats.piecesHave > 0);
    await api.readersDone(new AbortController().signal);
    await api.close();
    expect((await reading).body.equals(WORLD)).toBe(true);
  });
});

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** `fetch` sends no Host but its own. */
function askOf(url: string, path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Bytes that differ everywhere, the same in every run. */
function bytesOf(seed: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  let state = seed;
  for (let at = 0; at < lengthBytes; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
