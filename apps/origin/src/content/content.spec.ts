import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchOrigin } from '../testing/scratch-origin.contract.ts';
import { type Draft, draftRelease, someBytes, Studio } from '../testing/studio.contract.ts';

const RATE = 8 * 1024 * 1024;
const LARGE = someBytes(3 * 1024 * 1024 + 5);
const files = {
  'bin/large': LARGE,
  'data/a b&c#d%é.txt': Buffer.from('odd name'),
  'data/empty': Buffer.of(),
  ...Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`small/${index}`, someBytes(1 + index * 7)])),
  twin: Buffer.from('odd name'),
};

let origin: ScratchOrigin;
let draft: Draft;
let stream: Buffer;
beforeAll(async () => {
  origin = await ScratchOrigin.start();
  const studio = new Studio(origin.url, await origin.token('admin'), 'g');
  await studio.createGame();
  draft = draftRelease('g', '1.0.0', files);
  expect(await studio.publish(draft)).toMatchObject({ status: 200 });
  stream = Buffer.concat(draft.manifest.files.map(({ piecesRoot = '' }) => draft.blobs.get(piecesRoot) ?? Buffer.of()));
});
afterAll(() => origin.remove());

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** `fetch` tidies paths up; this sends them as they are. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin.url);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

const largePath = '/content/g/1.0.0/g-1.0.0/bin/large';
const rootOf = (path: string): string => draft.manifest.files.find((file) => file.path === path)?.piecesRoot ?? '';

describe('web seed', () => {
  it('serves a file whole, strongly tagged and immutable', async () => {
    const { status, headers, body } = await get(largePath);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      etag: `"${rootOf('bin/large')}"`,
      'content-length': String(LARGE.length),
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(headers['content-encoding']).toBeUndefined();
    expect(body.equals(LARGE)).toBe(true);
  });

  it('sends no content-encoding even to those who would take one', async () => {
    const { headers } = await get(largePath, { 'accept-encoding': 'gzip, br' });
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('answers HEAD with the headers alone', async () => {
    const { status, headers, body } = await get(largePath, {}, 'HEAD');
    expect([status, headers['content-length'], body.length]).toEqual([200, String(LARGE.length), 0]);
  });

  it('answers every range with exactly that slice', async () => {
    const position = fc.nat(LARGE.length - 1);
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const { status, headers, body } = await get(largePath, { range: `bytes=${first}-${last}` });
        expect(status).toBe(206);
        expect(headers['content-range']).toBe(`bytes ${first}-${last}/${LARGE.length}`);
        expect(headers['content-length']).toBe(String(last - first + 1));
        expect(body.equals(LARGE.subarray(first, last + 1))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses several ranges, and one past the end, with the length', async () => {
    for (const range of ['bytes=0-1,5-6', `bytes=${LARGE.length}-`]) {
      const { status, headers, body } = await get(largePath, { range });
      expect([status, headers['content-range'], body.length]).toEqual([416, `bytes */${LARGE.length}`, 0]);
    }
  });

  it('answers conditions by the tag', async () => {
    const etag = `"${rootOf('bin/large')}"`;
    expect(await get(largePath, { 'if-none-match': etag })).toMatchObject({ status: 304, headers: { etag } });
    expect(await get(largePath, { range: 'bytes=0-9', 'if-range': etag })).toMatchObject({ status: 206 });
    expect(await get(largePath, { range: 'bytes=0-9', 'if-range': '"x"' })).toMatchObject({ status: 200 });
  });

  it('decodes names segment by segment', async () => {
    const odd = await get(`/content/g/1.0.0/g-1.0.0/data/${encodeURIComponent('a b&c#d%é.txt')}`);
    expect([odd.status, odd.body.toString()]).toEqual([200, 'odd name']);
    const empty = await get('/content/g/1.0.0/g-1.0.0/data/empty');
    expect([empty.status, empty.headers['content-length']]).toEqual([200, '0']);
    expect(await get('/content/g/1.0.0/g-1.0.0/data/empty', { range: 'bytes=0-' })).toMatchObject({ status: 416 });
  });

  it('gives the pads to clients that take them for files, as zeros and never longer than a piece', async () => {
    const pad = await get('/content/g/1.0.0/g-1.0.0/.swarmpatch/pad/1000', { range: 'bytes=990-' });
    expect([pad.status, pad.headers['content-range'], pad.body]).toEqual([206, 'bytes 990-999/1000', Buffer.alloc(10)]);
    for (const name of ['999999999', '-1', '1e3', '01', 'NaN']) {
      expect((await get(`/content/g/1.0.0/g-1.0.0/.swarmpatch/pad/${name}`)).status).toBe(404);
    }
  });

  it('shares the content of equal files between them', async () => {
    expect((await get('/content/g/1.0.0/g-1.0.0/twin')).headers['etag']).toBe(`"${rootOf('data/a b&c#d%é.txt')}"`);
  });

  it.each([
    '/content/g/1.0.0/g-1.0.0/../../../../etc/passwd',
    '/content/g/1.0.0/g-1.0.0/%2e%2e/%2e%2e/etc/passwd',
    '/content/g/1.0.0/g-1.0.0/bin%2flarge',
    '/content/g/1.0.0/g-1.0.0/bin\\large',
    '/content/g/1.0.0/g-1.0.0//bin/large',
    '/content/g/1.0.0/g-1.0.0/bin/large/',
    '/content/g/1.0.0/g-1.0.0/bin/large%00',
    '/content/g/1.0.0/g-1.0.0/%ff',
    '/content/g/1.0.0/g-1.0.0/%',
    '/content/g/1.0.0/other/bin/large',
    '/content/g/1.0.0/',
    '/content/g/9.9.9/g-9.9.9/bin/large',
    '/content/../g/1.0.0/g-1.0.0/bin/large',
    '/streams/g/9.9.9',
    '/torrents/g/9.9.9.torrent',
    '/torrents/g/1.0.0',
    `/content/g/1.0.0/g-1.0.0/${'a/'.repeat(7000)}`,
  ])('finds nothing at the path of case %#', async (path) => {
    const { status, body } = await get(path);
    expect(status === 404 || status === 400).toBe(true);
    expect(JSON.parse(body.toString())).toHaveProperty('error.code');
  });
});

describe('release stream', () => {
  it('is the files of the manifest, one after the other', async () => {
    const { status, headers, body } = await get('/streams/g/1.0.0');
    expect([status, headers['content-length']]).toEqual([200, String(stream.length)]);
    expect(headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable' });
    expect(body.equals(stream)).toBe(true);
  });

  it('answers every range with exactly that slice', async () => {
    const position = fc.nat(stream.length - 1);
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const { status, body } = await get('/streams/g/1.0.0', { range: `bytes=${first}-${last}` });
        expect(status).toBe(206);
        expect(body.equals(stream.subarray(first, last + 1))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('limits of content', () => {
  it('--max-upload holds for content and streams together', async () => {
    const slow = await ScratchOrigin.start({ maxUploadBytesPerSecond: RATE });
    try {
      const studio = new Studio(slow.url, await slow.token('admin'), 'g');
      await studio.createGame();
      expect(await studio.publish(draft)).toMatchObject({ status: 200 });
      const startedMs = performance.now();
      const bodies = await Promise.all(
        [largePath, '/streams/g/1.0.0'].map(async (path) => (await fetch(slow.url + path)).arrayBuffer()),
      );
      const bytes = bodies.reduce((sum, body) => sum + body.byteLength, 0);
      // Never faster than the rate and its burst allow; how much slower depends on the machine.
      expect(performance.now() - startedMs).toBeGreaterThan((bytes / RATE) * 1000 - 600);
    } finally {
      await slow.remove();
    }
  });

  it('a client that goes away leaves the origin well', async () => {
    const stopped = new AbortController();
    const response = await fetch(`${origin.url}/streams/g/1.0.0`, { signal: stopped.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    stopped.abort();
    expect((await get('/health/ready')).status).toBe(200);
  });

  it('stopping lets an answer under way end, and cuts one that would take too long', async () => {
    const slow = await ScratchOrigin.start({ maxUploadBytesPerSecond: 64 * 1024 });
    try {
      const studio = new Studio(slow.url, await slow.token('admin'), 'g');
      await studio.createGame();
      expect(await studio.publish(draft)).toMatchObject({ status: 200 });
      const short = fetch(`${slow.url}/content/g/1.0.0/g-1.0.0/twin`).then((response) => response.text());
      const long = fetch(slow.url + largePath).then((response) => response.arrayBuffer());
      const cut = expect(long).rejects.toThrow();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await slow.stop();
      expect(await short).toBe('odd name');
      await cut;
    } finally {
      await slow.remove();
    }
  });
});
