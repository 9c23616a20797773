import { createHash } from 'node:crypto';
import { TrustClient } from '@swarmpatch/trust';
import { parseTorrent } from '@swarmpatch/metainfo';
import { blobEntryName } from '@swarmpatch/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetadataRenewal } from './trust/metadata-renewal.ts';
import { ScratchOrigin } from './testing/scratch-origin.contract.ts';
import { draftRelease, sha256, someBytes, Studio, tarOf } from './testing/studio.contract.ts';

let origin: ScratchOrigin;
let admin: string;
beforeAll(async () => {
  origin = await ScratchOrigin.start();
  admin = await origin.token('admin');
});
afterAll(() => origin.remove());

async function readyStudio(game: string): Promise<Studio> {
  const studio = new Studio(origin.url, admin, game);
  expect(await studio.createGame()).toMatchObject({ status: 200 });
  return studio;
}

describe('publishing', () => {
  it('takes a release in, and serves its torrent, content and metadata', async () => {
    const studio = await readyStudio('whole');
    const files = { 'bin/game': someBytes(100_000), 'data/a b.txt': someBytes(10), 'data/empty': new Uint8Array(0) };
    const draft = draftRelease('whole', '1.0.0', files);
    expect(await studio.publish(draft)).toMatchObject({
      status: 200,
      body: { version: '1.0.0', targetsVersion: 2, channels: [{ name: 'stable', version: '1.0.0' }] },
    });
    const game = await studio.request('GET', '/api/games/whole');
    expect(game.body).toMatchObject({ state: 'ready', latest: '1.0.0', channels: [{ name: 'stable', version: '1.0.0' }] });
    const release = await studio.request('GET', '/api/games/whole/releases/1.0.0');
    expect(release.body).toMatchObject({
      files: 3,
      bytes: 100_010,
      manifestSha256: sha256(draft.manifestBytes),
      channels: ['stable'],
    });
    for (const [path, bytes] of Object.entries(files)) {
      const response = await fetch(`${origin.url}/content/whole/1.0.0/whole-1.0.0/${path.split('/').map(encodeURIComponent).join('/')}`);
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const torrent = parseTorrent(Buffer.from(await (await fetch(`${origin.url}/torrents/whole/1.0.0.torrent`)).arrayBuffer()));
    const { trackers } = (await studio.request('GET', '/api/service')).body as unknown as { trackers: string[] };
    expect(torrent.trackers.flat()).toEqual(trackers);
    expect(torrent.webSeeds).toEqual([`${origin.url}/content/whole/1.0.0/`]);
    expect(Buffer.from(torrent.infohashV2 ?? []).toString('hex')).toBe(draft.manifest.torrent.infohashV2);
  });
});
