import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { blobEntryName } from '@swarmpatch/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchOrigin } from '../testing/scratch-origin.contract.ts';
import { type Draft, draftRelease, someBytes, Studio, type TarEntry, tarOf } from '../testing/studio.contract.ts';

const MEBIBYTE = 1024 * 1024;

let origin: ScratchOrigin;
let studio: Studio;
beforeAll(async () => {
  origin = await ScratchOrigin.start();
  studio = new Studio(origin.url, await origin.token('admin'), 'g');
  expect(await studio.createGame()).toMatchObject({ status: 200 });
});
afterAll(() => origin.remove());

let releases = 0;
async function begun(files: Record<string, Uint8Array>): Promise<Draft> {
  releases += 1;
  const draft = draftRelease('g', `1.${releases}.0`, files);
  expect(await studio.begin(draft)).toMatchObject({ status: 200 });
  return draft;
}

async function send(draft: Draft, entries: readonly TarEntry[]): ReturnType<Studio['request']> {
  return studio.request('POST', `${studio.path(draft.manifest.version)}/blobs`, await tarOf(entries));
}

async function missing(draft: Draft): Promise<unknown> {
  return (await studio.begin(draft)).body['missing'];
}

function only(draft: Draft): [root: string, bytes: Uint8Array] {
  const [blob] = draft.blobs;
  if (!blob) throw new Error('the draft has no blob');
  return blob;
}

/** Sends the beginning of a tar and cuts the connection. */
function cut(draft: Draft, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const url = new URL(`${origin.url}${studio.path(draft.manifest.version)}/blobs`);
    const headers = { authorization: studio.authorization, 'content-type': 'application/x-tar' };
    const sent = request(url, { method: 'POST', headers });
    sent.on('error', () => resolve());
    sent.write(bytes, () => setTimeout(() => sent.destroy(new Error('cut')), 100));
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('waited in vain');
}

describe('upload', () => {
  it('that was cut goes on where it stopped, and is then published', async () => {
    const small = someBytes(100);
    const large = someBytes(2 * MEBIBYTE);
    const draft = await begun({ small, large });
    const roots = new Map(draft.manifest.files.map(({ path, piecesRoot = '' }) => [path, piecesRoot]));
    const [smallRoot = '', largeRoot = ''] = [roots.get('small'), roots.get('large')];
    const tar = await tarOf([
      { name: smallRoot, bytes: small },
      { name: largeRoot, bytes: large },
    ]);
    await cut(draft, tar.subarray(0, MEBIBYTE + 4321));
    let have = 0;
    await until(async () => {
      const [rest, ...others] = (await missing(draft)) as { piecesRoot: string; length: number; have: number }[];
      expect([rest?.piecesRoot, rest?.length]).toEqual([expect.any(String), expect.any(Number)]);
      have = rest?.have ?? 0;
      return others.length === 0 && have > 0;
    });
    expect(have).toBeLessThan(large.length);
    const rest = await send(draft, [{ name: blobEntryName(largeRoot, have), bytes: large.subarray(have) }]);
    expect(rest).toEqual({ status: 200, body: { stored: 1, bytes: large.length - have } });
    expect(await missing(draft)).toEqual([]);
    expect(await studio.commit(draft)).toMatchObject({ status: 200 });
    const served = await fetch(`${origin.url}/content/g/${draft.manifest.version}/${draft.manifest.name}/large`);
    expect(Buffer.from(await served.arrayBuffer()).equals(large)).toBe(true);
  });

  it('of many small blobs counts each once', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, someBytes(50 + index)]));
    const draft = await begun(files);
    const answer = await studio.send(draft);
    expect(answer).toMatchObject({ status: 200, body: { stored: 300 } });
    expect(await studio.send(draft)).toMatchObject({ status: 200, body: { stored: 0 } });
  });

  it.each([
    ['small', 5000],
    ['large', MEBIBYTE],
  ])('refuses a %s blob whose bytes are not what its name says, and keeps none of them', async (_, lengthBytes) => {
    const draft = await begun({ a: someBytes(lengthBytes) });
    const [root, bytes] = only(draft);
    const wrong = Buffer.from(bytes);
    wrong[lengthBytes - 1] = (wrong[lengthBytes - 1] ?? 0) ^ 1;
    expect(await send(draft, [{ name: root, bytes: wrong }])).toMatchObject({
      status: 400,
      body: { error: { code: 'blob_damaged' } },
    });
    expect(await missing(draft)).toEqual([{ piecesRoot: root, length: lengthBytes, have: 0 }]);
    expect(await studio.send(draft)).toMatchObject({ status: 200, body: { stored: 1 } });
  });

  it('refuses entries that are not blobs of the release, whatever they are called', async () => {
    const draft = await begun({ a: someBytes(100) });
    const [root, bytes] = only(draft);
    const entries: TarEntry[] = [
      { name: '../../../../etc/cron.d/x', bytes },
      { name: `../${root}`, bytes },
      { name: root.toUpperCase(), bytes },
      { name: 'f'.repeat(64), bytes },
      { name: root, bytes: bytes.subarray(1) },
      { name: `${root}@50`, bytes: bytes.subarray(50) },
      { name: `${root}@-1`, bytes },
      { name: root, bytes, type: 'symlink' },
      { name: root, bytes, type: 'directory' },
    ];
    for (const entry of entries) {
      const answer = await send(draft, [entry]);
      expect([answer.status, answer.body.error?.code]).toEqual([
        400,
        expect.stringMatching(/^bad_(upload|blob_offset)$/),
      ]);
    }
    expect(await missing(draft)).toEqual([{ piecesRoot: root, length: 100, have: 0 }]);
  });

  it('refuses what is no tar, and headers without end', async () => {
    const draft = await begun({ a: someBytes(100) });
    const path = `${studio.path(draft.manifest.version)}/blobs`;
    const bad = { status: 400, body: { error: { code: 'bad_upload' } } };
    expect(await studio.request('POST', path, someBytes(100_000))).toMatchObject(bad);
    const header = Buffer.from(await tarOf([{ name: 'x'.repeat(300), bytes: Buffer.of() }])).subarray(0, 512);
    header.write('77777777777 ', 124, 'latin1');
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(await studio.request('POST', path, Buffer.concat([header, Buffer.alloc(8 * MEBIBYTE, 'a')]))).toMatchObject(
      bad,
    );
  });

  it('is not published before every byte is here, and not without being begun', async () => {
    const draft = await begun({ a: someBytes(100) });
    expect(await studio.commit(draft)).toMatchObject({ status: 409, body: { error: { code: 'blobs_missing' } } });
    expect((await fetch(`${origin.url}/torrents/g/${draft.manifest.version}.torrent`)).status).toBe(404);
    const never = draftRelease('g', '9.0.0', { a: someBytes(1) });
    expect(await studio.commit(never)).toMatchObject({ status: 404, body: { error: { code: 'upload_not_found' } } });
    studio.forget(draft, never);
  });

  it('refuses a manifest of another version, or one that is not of its torrent', async () => {
    const draft = draftRelease('g', '5.0.0', { a: someBytes(10) });
    const other = draftRelease('g', '5.0.1', { a: someBytes(10) });
    const put = (version: string, { manifestBytes }: Draft, { torrentBytes }: Draft) =>
      studio.request('PUT', studio.path(version), {
        manifest: Buffer.from(manifestBytes).toString('base64'),
        torrent: Buffer.from(torrentBytes).toString('base64'),
      });
    expect(await put('5.0.2', draft, draft)).toMatchObject({ status: 400, body: { error: { code: 'bad_manifest' } } });
    expect(await put('5.0.0', draft, other)).toMatchObject({
      status: 400,
      body: { error: { code: 'torrent_mismatch' } },
    });
    expect(await put('v5', draft, draft)).toMatchObject({ status: 400, body: { error: { code: 'bad_version' } } });
    expect((await studio.request('GET', studio.path('5.0.0'))).body['state']).toBe('free');
  });

  it('takes its documents gzipped, and refuses a bomb', async () => {
    const draft = draftRelease('g', '6.0.0', { a: someBytes(10) });
    const body = JSON.stringify({
      manifest: Buffer.from(draft.manifestBytes).toString('base64'),
      torrent: Buffer.from(draft.torrentBytes).toString('base64'),
    });
    const gzipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect(await studio.request('PUT', studio.path('6.0.0'), gzipSync(body), gzipped)).toMatchObject({ status: 200 });
    const bomb = gzipSync(Buffer.alloc(40 * MEBIBYTE, ' '));
    expect(await studio.request('POST', '/api/games', bomb, gzipped)).toMatchObject({
      status: 413,
      body: { error: { code: 'too_large' } },
    });
    const odd = { ...gzipped, 'content-encoding': 'br' };
    expect(await studio.request('POST', '/api/games', gzipSync('{}'), odd)).toMatchObject({ status: 400 });
    expect(await studio.request('POST', '/api/games', Buffer.from('{}'), gzipped)).toMatchObject({ status: 400 });
  });
});
