import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GameStatusReply, PatchListReply, PatchSummary } from '@swarmpatch/api-contract';
import { parseTorrent } from '@swarmpatch/metainfo';
import type { DiskBlobStore } from '@swarmpatch/node-io/blob-store';
import { applyPatchFile } from '@swarmpatch/node-io/delta';
import { joinsReleases, type PatchEntry, patchName } from '@swarmpatch/release';
import type { BlobStore } from '@swarmpatch/storage';
import { roleLifetimeMs, type TrustCache, TrustClient } from '@swarmpatch/trust';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOB_STORE } from '../storage/blob-store.ts';
import { ScratchOrigin } from '../testing/scratch-origin.contract.ts';
import { MetadataRenewal } from '../trust/metadata-renewal.ts';
import { type Draft, draftRelease, someBytes, Studio } from '../testing/studio.contract.ts';

const FINAL = new Set(['ready', 'rejected', 'failed']);

let origin: ScratchOrigin;
let studio: Studio;

beforeEach(async () => {
  origin = await ScratchOrigin.start();
});
afterEach(() => origin.remove());

async function openStudio(game = 'g'): Promise<void> {
  studio = new Studio(origin.url, await origin.token(`publish:${game}`), game);
  studio.wantsPatches = true;
  await studio.createGame();
}

async function publish(version: string, files: Readonly<Record<string, Uint8Array>>, channel?: string): Promise<Draft> {
  const draft = draftRelease(studio.game, version, files);
  expect(await studio.publish(draft, channel)).toMatchObject({ status: 200 });
  return draft;
}

async function patchesTo(version: string): Promise<PatchSummary[]> {
  const { body } = await studio.request('GET', `/api/games/${studio.game}/releases/${version}/patches`);
  return (body as unknown as PatchListReply).patches;
}

/** Waits until there is nothing left to make. */
async function settled(version: string): Promise<PatchSummary[]> {
  for (;;) {
    const patches = await patchesTo(version);
    if (patches.every(({ state }) => FINAL.has(state))) return patches;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function status(): Promise<GameStatusReply> {
  return (await studio.request('GET', `/api/games/${studio.game}/status`)).body as unknown as GameStatusReply;
}

class NoCache implements TrustCache {
  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  write(): Promise<void> {
    return Promise.resolve();
  }
  remove(): Promise<void> {
    return Promise.resolve();
  }
}

async function listedPatches(): Promise<PatchEntry[]> {
  const game = studio.game;
  const { body } = await studio.request('GET', `/api/games/${game}`);
  const client = await TrustClient.open({
    game,
    rootFingerprint: String(body['rootFingerprint']),
    cache: new NoCache(),
  });
  const fetcher = {
    fetch: async (name: string) => {
      const response = await fetch(`${origin.url}/trust/${game}/${name}`);
      return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer());
    },
  };
  await client.refresh(fetcher, origin.clock.nowMs());
  return client.fetchPatches(fetcher);
}

async function bytesAt(path: string): Promise<Buffer> {
  const response = await fetch(origin.url + path);
  expect(response.status, path).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function announce(infohashV1: string): Promise<string> {
  const infohash = infohashV1.replace(/../g, '%$&');
  const query = `info_hash=${infohash}&peer_id=${'p'.repeat(20)}&port=6881&uploaded=0&downloaded=0&left=0`;
  return (await fetch(`${origin.url}/announce?${query}`)).text();
}

/** A build of 300 KiB, and one that differs from it in a few bytes of every piece. */
function twoBuilds(): [Record<string, Buffer>, Record<string, Buffer>] {
  const data = someBytes(300 * 1024);
  const changed = Buffer.from(data);
  for (let at = 100; at < changed.length; at += 8192) changed[at] = (changed[at] ?? 0) ^ 0xff;
  const readme = Buffer.from('read me');
  return [
    { 'data.pak': data, 'readme.txt': readme },
    { 'data.pak': changed, 'readme.txt': readme },
  ];
}

// Each patch is made in a process of its own, and at a low priority.
describe('patches of an origin', { timeout: 60_000 }, () => {
  it('are made after a publish, listed, served as torrent and web seed, and make the new release', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    const old = await publish('1.0.0', before);
    expect(await listedPatches()).toEqual([]);
    const next = await publish('1.1.0', after);
    expect((await patchesTo('1.1.0')).map(({ from, to }) => [from, to])).toEqual([['1.0.0', '1.1.0']]);
    const [made] = await settled('1.1.0');
    expect(made).toMatchObject({ state: 'ready', from: '1.0.0' });

    const [listed] = await listedPatches();
    if (!listed) throw new Error('no patch is listed');
    expect(joinsReleases(listed, old.manifest, next.manifest)).toBe(true);
    expect(listed.bytes).toBeLessThan(20_000);
    expect(listed).toMatchObject({ bytes: made?.bytes, writtenBytes: 300 * 1024 });

    const torrent = parseTorrent(await bytesAt('/torrents/g/1.0.0..1.1.0.torrent'));
    expect(torrent).toMatchObject({ format: 'hybrid', isSingleFile: true, lengthBytes: listed.bytes });
    expect(Buffer.from(torrent.infohashV2 ?? []).toString('hex')).toBe(listed.torrent.infohashV2);
    const name = patchName('g', '1.0.0', '1.1.0');
    expect(torrent.name).toBe(name);
    expect(torrent.webSeeds).toEqual([`${origin.url}/content/g/1.0.0..1.1.0/`]);
    const patch = await bytesAt(`/content/g/1.0.0..1.1.0/${name}`);
    expect(patch).toHaveLength(listed.bytes);
    const part = await fetch(`${origin.url}/content/g/1.0.0..1.1.0/${name}`, { headers: { range: 'bytes=10-19' } });
    expect(Buffer.from(await part.arrayBuffer())).toEqual(patch.subarray(10, 20));

    const directory = await mkdtemp(join(tmpdir(), 'patched-'));
    try {
      for (const [path, bytes] of Object.entries(before)) await writeFile(join(directory, path), bytes);
      const patchPath = `${directory}.patch`;
      await writeFile(patchPath, patch);
      await applyPatchFile({ old: directory, patch: patchPath, out: `${directory}.new` });
      for (const [path, bytes] of Object.entries(after))
        expect((await readFile(join(`${directory}.new`, path))).equals(bytes), path).toBe(true);
    } finally {
      await Promise.all(['', '.patch', '.new'].map((end) => rm(directory + end, { recursive: true, force: true })));
    }
    expect(await status()).toMatchObject({
      versions: [
        { version: '1.1.0', channels: ['stable'] },
        { version: '1.0.0', channels: [] },
      ],
      bytes: { fromOrigin: listed.bytes + 10 },
      patches: [{ from: '1.0.0', to: '1.1.0', state: 'ready', bytes: listed.bytes }],
    });
  });

  it('are not listed when they save too little, or when there is nothing to fetch', async () => {
    await openStudio();
    await publish('1.0.0', { 'data.pak': someBytes(100_000), 'keep.txt': Buffer.from('keep') });
    await publish('1.1.0', { 'data.pak': someBytes(100_000), 'keep.txt': Buffer.from('keep') });
    expect(await settled('1.1.0')).toEqual([
      {
        from: '1.0.0',
        to: '1.1.0',
        state: 'rejected',
        reason: expect.stringMatching(/without it fetches 100000$/) as string,
      },
    ]);
    const other = await ScratchOrigin.start({ patchCountMax: 1 });
    await origin.remove();
    origin = other;
    await openStudio();
    await publish('1.0.0', { 'data.pak': Buffer.from('keep') });
    await publish('1.1.0', { 'renamed.pak': Buffer.from('keep') });
    expect(await settled('1.1.0')).toMatchObject([
      { state: 'rejected', reason: 'an update fetches nothing without it' },
    ]);
    expect(await listedPatches()).toEqual([]);
    expect((await fetch(`${origin.url}/torrents/g/1.0.0..1.1.0.torrent`)).status).toBe(404);
  });

  it('are not made for a studio that has not let the origin list them', async () => {
    await openStudio();
    studio.wantsPatches = false;
    const [before, after] = twoBuilds();
    await publish('1.0.0', before);
    await publish('1.1.0', after);
    expect(await patchesTo('1.1.0')).toEqual([]);
    studio.wantsPatches = true;
    await studio.request('PUT', '/api/games/g/targets', studio.signChannel('stable', '1.1.0'));
    expect(await settled('1.1.0')).toMatchObject([{ state: 'ready' }]);
  });

  it('go when no channel names their release any more, with their files, and are made again when one does', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    await publish('1.0.0', before);
    await publish('1.1.0', after);
    await settled('1.1.0');
    const [listed] = await listedPatches();
    if (!listed) throw new Error('no patch is listed');
    expect(await announce(listed.torrent.infohashV1)).not.toContain('failure');
    expect((await status()).peers).toBe(1);

    await studio.request('PUT', '/api/games/g/targets', studio.signChannel('stable', '1.0.0'));
    expect(await settled('1.0.0')).toMatchObject([{ from: '1.1.0', to: '1.0.0', state: 'ready' }]);
    expect((await listedPatches()).map(({ from, to }) => [from, to])).toEqual([['1.1.0', '1.0.0']]);
    expect(await announce(listed.torrent.infohashV1)).toContain('failure');
    const content = `${origin.url}/content/g/1.0.0..1.1.0/${patchName('g', '1.0.0', '1.1.0')}`;
    expect((await fetch(content)).status).toBe(404);
    expect(await patchesTo('1.1.0')).toEqual([]);

    await studio.request('PUT', '/api/games/g/targets', studio.signChannel('stable', '1.1.0'));
    expect(await settled('1.1.0')).toMatchObject([
      { state: 'ready', bytes: listed.bytes, infohashV2: listed.torrent.infohashV2 },
    ]);
    expect((await fetch(content)).status).toBe(200);
  });

  it('are made from versions that were seen in use, the most used first, up to their count', async () => {
    await origin.remove();
    origin = await ScratchOrigin.start({ patchCountMax: 2 });
    await openStudio();
    studio.wantsPatches = false;
    const build = (text: string): Record<string, Buffer> => ({ 'data.txt': Buffer.from(text) });
    const first = await publish('1.0.0', build('a'));
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) await publish(version, build(version));
    expect(await announce(first.manifest.torrent.infohashV1)).not.toContain('failure');
    studio.wantsPatches = true;
    await publish('1.4.0', build('e'));
    expect((await patchesTo('1.4.0')).map(({ from }) => from)).toEqual(['1.0.0', '1.3.0']);
    expect((await status()).versions.at(-1)).toMatchObject({ version: '1.0.0', seeds: 1, peersMost: 1 });
  });

  it('have no more bytes than they may, and those that have no room are not made again', async () => {
    await origin.remove();
    origin = await ScratchOrigin.start({ patchBytesMax: 10 });
    await openStudio();
    const [before, after] = twoBuilds();
    await publish('1.0.0', before);
    await publish('1.1.0', after);
    const withdrawn = { state: 'rejected', reason: expect.stringContaining('may have 10 bytes') as string };
    while ((await settled('1.1.0'))[0]?.state === 'ready') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await patchesTo('1.1.0')).toMatchObject([withdrawn]);
    await studio.request('PUT', '/api/games/g/targets', studio.signChannel('beta', '1.1.0'));
    expect(await patchesTo('1.1.0')).toMatchObject([withdrawn]);
    expect(await listedPatches()).toEqual([]);
  });

  it('between equal releases are one file, which stays as long as one of them does', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    await publish('1.0.0', before, 'beta');
    await publish('1.1.0', after, 'beta');
    await publish('1.2.0', after, 'nightly');
    const ready = async (version: string) => (await settled(version)).filter(({ state }) => state === 'ready');
    expect([...(await ready('1.1.0')), ...(await ready('1.2.0'))].map(({ from }) => from)).toEqual(['1.0.0', '1.0.0']);
    await studio.request('PUT', '/api/games/g/targets', studio.signChannel('nightly', '1.1.0'));
    expect(await ready('1.2.0')).toEqual([]);
    await bytesAt(`/content/g/1.0.0..1.1.0/${patchName('g', '1.0.0', '1.1.0')}`);
  });

  it('that were in the making when the origin stopped are made when it is back', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    await publish('1.0.0', before);
    await publish('1.1.0', after);
    await origin.stop();
    await origin.start();
    studio.at(origin.url);
    expect(await settled('1.1.0')).toMatchObject([{ state: 'ready' }]);
    expect(await listedPatches()).toHaveLength(1);
    origin.clock.shiftMs = 0.6 * roleLifetimeMs.patches;
    await origin.running.app.get(MetadataRenewal).renewDue();
    origin.clock.shiftMs = 1.05 * roleLifetimeMs.patches;
    await origin.running.app.get(MetadataRenewal).renewDue();
    expect(await listedPatches()).toHaveLength(1);
    origin.clock.shiftMs = 0;
    // And again after that, with nothing left to make.
    await origin.stop();
    await origin.start();
    studio.at(origin.url);
    expect(await listedPatches()).toHaveLength(1);
    expect((await fetch(`${origin.url}/torrents/g/1.0.0..1.1.0.torrent`)).status).toBe(200);
  });

  it('name the files whose build defeats patching, also when they are not worth having', async () => {
    await openStudio();
    const bytes = 1_200_000;
    await publish('1.0.0', { 'data.pak': someBytes(bytes), 'keep.txt': Buffer.from('keep') });
    await publish('1.1.0', { 'data.pak': someBytes(bytes), 'keep.txt': Buffer.from('keep') });
    expect(await settled('1.1.0')).toMatchObject([
      { state: 'rejected', defeated: [{ path: 'data.pak', bytes, costBytes: expect.closeTo(bytes, -4) as number }] },
    ]);
  });

  it('are not listed when they were made of a blob that rotted', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    const { manifest } = await publish('1.0.0', before);
    const { piecesRoot = '' } = manifest.files.find(({ path }) => path === 'data.pak') ?? {};
    const blobPath = origin.running.app.get<DiskBlobStore>(BLOB_STORE).pathOf(piecesRoot);
    await chmod(blobPath, 0o600);
    const blob = await readFile(blobPath);
    blob[5000] = (blob[5000] ?? 0) ^ 0xff;
    await writeFile(blobPath, blob);
    await publish('1.1.0', after);
    expect(await settled('1.1.0')).toMatchObject([
      {
        state: 'failed',
        reason: expect.stringContaining('the old file "data.pak" is not as it was released') as string,
      },
    ]);
    expect(await listedPatches()).toEqual([]);
  });

  it('fail alone when a release cannot be read, and say why', async () => {
    await openStudio();
    const [before, after] = twoBuilds();
    const { manifest } = await publish('1.0.0', before);
    const { piecesRoot = '' } = manifest.files.find(({ path }) => path === 'data.pak') ?? {};
    await origin.running.app.get<BlobStore>(BLOB_STORE).delete(piecesRoot);
    await publish('1.1.0', after);
    expect(await settled('1.1.0')).toMatchObject([
      { state: 'failed', reason: expect.stringContaining('ENOENT') as string },
    ]);
    expect(origin.log).toContainEqual(expect.objectContaining({ msg: 'patch could not be made' }));
    expect((await fetch(`${origin.url}/health/ready`)).status).toBe(200);
  });
});
