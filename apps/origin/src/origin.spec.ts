import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTorrent } from '@swarmpatch/metainfo';
import { announceToTracker } from '@swarmpatch/node-io/tracker-client';
import { roleLifetimeMs, TrustClient, type TrustFetcher } from '@swarmpatch/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchOrigin } from './testing/scratch-origin.contract.ts';
import { ScratchPostgresql } from './testing/scratch-postgresql.contract.ts';
import { type Answer, draftRelease, sha256, someBytes, Studio } from './testing/studio.contract.ts';
import { MetadataRenewal } from './trust/metadata-renewal.ts';

let origin: ScratchOrigin;
let admin: string;
beforeAll(async () => {
  origin = await ScratchOrigin.start();
  admin = await origin.token('admin');
});
afterAll(() => origin.remove());

async function readyStudio(game: string, token = admin): Promise<Studio> {
  const studio = new Studio(origin.url, token, game);
  expect(await studio.createGame()).toMatchObject({ status: 200 });
  return studio;
}

function refusal(status: number, code: string): object {
  return { status, body: { error: { code, message: expect.any(String) as unknown } } };
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
    expect(game.body).toMatchObject({
      state: 'ready',
      latest: '1.0.0',
      channels: [{ name: 'stable', version: '1.0.0' }],
    });
    const release = await studio.request('GET', '/api/games/whole/releases/1.0.0');
    expect(release.body).toMatchObject({
      files: 3,
      bytes: 100_010,
      manifestSha256: sha256(draft.manifestBytes),
      channels: ['stable'],
    });
    for (const [path, bytes] of Object.entries(files)) {
      const response = await fetch(
        `${origin.url}/content/whole/1.0.0/whole-1.0.0/${path.split('/').map(encodeURIComponent).join('/')}`,
      );
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const torrent = parseTorrent(
      Buffer.from(await (await fetch(`${origin.url}/torrents/whole/1.0.0.torrent`)).arrayBuffer()),
    );
    const { trackers } = (await studio.request('GET', '/api/service')).body as unknown as { trackers: string[] };
    expect(torrent.trackers.flat()).toEqual(trackers);
    expect(torrent.webSeeds).toEqual([`${origin.url}/content/whole/1.0.0/`]);
    expect(Buffer.from(torrent.infohashV2 ?? []).toString('hex')).toBe(draft.manifest.torrent.infohashV2);
  });

  it('refuses a version that is published, at every step', async () => {
    const studio = await readyStudio('twice');
    const draft = draftRelease('twice', '1.0.0', { a: someBytes(10) });
    expect(await studio.publish(draft)).toMatchObject({ status: 200 });
    const exists = refusal(409, 'version_exists');
    expect(await studio.request('GET', studio.path('1.0.0'))).toMatchObject(exists);
    expect(await studio.begin(draft)).toMatchObject(exists);
    expect(await studio.send(draft)).toMatchObject(exists);
    expect(await studio.commit(draft)).toMatchObject(exists);
  });

  it('asks for nothing that another release has brought', async () => {
    const studio = await readyStudio('shared');
    const same = someBytes(1000);
    await studio.publish(draftRelease('shared', '1.0.0', { a: same, b: someBytes(10) }));
    const next = draftRelease('shared', '1.1.0', { renamed: same, c: someBytes(20) });
    const { body } = await studio.begin(next);
    expect(body['missing']).toEqual([{ piecesRoot: next.manifest.files[0]?.piecesRoot, length: 20, have: 0 }]);
  });

  it('lets one of many publishers at once win, and tells the others', async () => {
    const studio = await readyStudio('many');
    const drafts = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'].map((version) => {
      return draftRelease('many', version, { a: someBytes(100), version: Buffer.from(version) });
    });
    for (const draft of drafts) {
      await studio.begin(draft);
      await studio.send(draft);
    }
    const commits = drafts.map((draft) => {
      // Each signs version 2 with its own release alone, as publishers that know nothing of each other do.
      studio.targetsVersion = 1;
      studio.targets.clear();
      return [draft.manifest.version, studio.signRelease(draft)] as const;
    });
    const answers = await Promise.all(
      commits.map(([version, body]) => studio.request('POST', `${studio.path(version)}/commit`, body)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
    for (const { status, body } of answers) {
      if (status !== 200) expect(body.error?.code).toBe('targets_version_conflict');
    }
    expect((await studio.request('GET', '/api/games/many/releases')).body['releases']).toHaveLength(1);
  });

  it('moves a channel without an upload, and refuses to move it to what is not published', async () => {
    const studio = await readyStudio('channels');
    await studio.publish(draftRelease('channels', '1.0.0', { a: someBytes(10) }));
    await studio.publish(draftRelease('channels', '1.1.0', { a: someBytes(10) }), 'beta');
    const moved = await studio.request('PUT', '/api/games/channels/targets', studio.signChannel('stable', '1.1.0'));
    expect(moved).toMatchObject({ status: 200, body: { targetsVersion: 4 } });
    expect((await studio.request('GET', '/api/games/channels')).body['channels']).toEqual([
      { name: 'beta', version: '1.1.0' },
      { name: 'stable', version: '1.1.0' },
    ]);
    const bad = await studio.request('PUT', '/api/games/channels/targets', studio.signChannel('stable', '9.0.0'));
    expect(bad).toMatchObject(refusal(400, 'bad_trust'));
  });

  it('refuses targets that are unsigned, that name bytes which are not here, or that drop a release', async () => {
    const studio = await readyStudio('targets');
    await studio.publish(draftRelease('targets', '1.0.0', { a: someBytes(10) }));
    const put = (targets: string, documents?: object[]): Promise<Answer> =>
      studio.request('PUT', '/api/games/targets/targets', { targets, documents });
    const stranger = new Studio(origin.url, admin, 'targets');
    stranger.targetsVersion = 2;
    expect(await put(stranger.signTargets())).toMatchObject(refusal(400, 'bad_signature'));
    expect(await put('{}')).toMatchObject(refusal(400, 'malformed_metadata'));
    studio.targets.set('releases/2.0.0/manifest.json', { lengthBytes: 1, sha256: 'a'.repeat(64) });
    expect(await put(studio.signTargets())).toMatchObject(refusal(400, 'bad_trust'));
    studio.targetsVersion = 2;
    studio.targets.clear();
    expect(await put(studio.signTargets())).toMatchObject(refusal(400, 'bad_trust'));
    const other = { path: 'releases/1.0.0/manifest.json', base64: '' };
    expect(await put(studio.signTargets(), [other])).toMatchObject({ status: 409 });
  });
});

describe('games', () => {
  it('are made once, and found again while they wait for their root', async () => {
    const studio = new Studio(origin.url, admin, 'waiting');
    const create = (): Promise<Answer> => studio.request('POST', '/api/games', { id: 'waiting', title: 'W' });
    const first = await create();
    expect(first).toMatchObject({ status: 200, body: { state: 'pending' } });
    expect((await create()).body).toEqual(first.body);
    const draft = draftRelease('waiting', '1.0.0', { a: someBytes(10) });
    expect(await studio.begin(draft)).toMatchObject(refusal(409, 'game_not_ready'));
    expect(await studio.createGame()).toMatchObject({ status: 200 });
    expect(await create()).toMatchObject(refusal(409, 'game_exists'));
    expect(await studio.request('PUT', '/api/games/waiting/trust', studio.firstTrust('0'.repeat(64)))).toMatchObject({
      status: 400,
    });
  });

  it('keep their online key where only the owner reads it', async () => {
    await readyStudio('keys');
    expect((await stat(join(origin.dataDirectory, 'keys', 'keys.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(origin.dataDirectory, 'keys'))).mode & 0o777).toBe(0o700);
  });

  it('refuse a root that gives the online roles to another key', async () => {
    const studio = new Studio(origin.url, admin, 'foreign');
    await studio.request('POST', '/api/games', { id: 'foreign', title: 'F' });
    const trust = studio.firstTrust('11'.repeat(32));
    expect(await studio.request('PUT', '/api/games/foreign/trust', trust)).toMatchObject(refusal(400, 'bad_root'));
    expect((await studio.request('GET', '/api/games/foreign')).body['state']).toBe('pending');
  });

  it.each(['../x', 'UPPER', 'con', ''])('refuse the id %j', async (id) => {
    const studio = new Studio(origin.url, admin, 'x');
    expect(await studio.request('POST', '/api/games', { id, title: 'T' })).toMatchObject(refusal(400, 'bad_request'));
  });
});

describe('tokens', () => {
  it('open what their scope says, and nothing else', async () => {
    const mine = new Studio(origin.url, await origin.token('publish:mine'), 'mine');
    expect(await mine.createGame()).toMatchObject({ status: 200 });
    expect(await mine.publish(draftRelease('mine', '1.0.0', { a: someBytes(9) }))).toMatchObject({ status: 200 });
    const forbidden = refusal(403, 'forbidden');
    expect(await mine.request('POST', '/api/games', { id: 'theirs', title: 'T' })).toMatchObject(forbidden);
    await readyStudio('theirs');
    for (const [method, path] of [
      ['PUT', '/api/games/theirs/trust'],
      ['PUT', '/api/games/theirs/targets'],
      ['GET', '/api/games/theirs/uploads/1.0.0'],
      ['PUT', '/api/games/theirs/uploads/1.0.0'],
      ['POST', '/api/games/theirs/uploads/1.0.0/commit'],
    ] as const) {
      expect(await mine.request(method, path, method === 'GET' ? undefined : {})).toMatchObject(forbidden);
    }
  });

  it('are refused when unknown, malformed, expired or revoked', async () => {
    const text = await origin.token('admin', 1);
    const [, id = '', secret = ''] = text.split('_');
    const ask = async (token: string): Promise<Answer> =>
      new Studio(origin.url, token, 'g').request('GET', '/api/games/keys/uploads/1.0.0');
    const refused = refusal(401, 'unauthorized');
    expect(await ask(text)).toMatchObject({ status: 200, body: { state: 'free' } });
    for (const wrong of ['nonsense', '', `sp_${id}_${'A'.repeat(43)}`, `sp_${'0'.repeat(12)}_${secret}`, `${text}x`]) {
      expect(await ask(wrong)).toMatchObject(refused);
    }
    origin.clock.shiftMs = 2 * 86_400_000;
    expect(await ask(text)).toMatchObject(refused);
    origin.clock.shiftMs = 0;
    await origin.revoke(id);
    expect(await ask(text)).toMatchObject(refused);
  });

  it('are checked before a byte of the body is read', async () => {
    const studio = new Studio(origin.url, 'nonsense', 'g');
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const answer = await studio.request('POST', '/api/games/g/uploads/1.0.0/blobs', endless).catch(() => undefined);
    // The answer, or a connection that was cut because the client would not stop.
    if (answer) expect(answer).toMatchObject(refusal(401, 'unauthorized'));
  });

  it('leave a line in the log for what they changed', () => {
    expect(origin.log).toContainEqual(
      expect.objectContaining({ audit: 'game.create', game: 'mine', token: expect.any(String) as unknown }),
    );
    expect(origin.log).toContainEqual(
      expect.objectContaining({ audit: 'release.publish', game: 'mine', version: '1.0.0' }),
    );
    // The secret may have underscores, too.
    expect(JSON.stringify(origin.log)).not.toContain(admin.split('_').slice(2).join('_'));
  });
});

describe('trust repository', () => {
  const fetcher = (game: string): TrustFetcher => ({
    fetch: async (name) => {
      const response = await fetch(`${origin.url}/trust/${game}/${name}`);
      return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer());
    },
  });
  const client = (game: string, rootFingerprint: string): Promise<TrustClient> => {
    const files = new Map<string, Uint8Array>();
    const cache = {
      read: async (name: string) => files.get(name),
      write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
      remove: async (name: string) => void files.delete(name),
    };
    return TrustClient.open({ game, rootFingerprint, cache });
  };

  it('leads a launcher from the pinned root to the manifest', async () => {
    const studio = await readyStudio('trusted');
    const draft = draftRelease('trusted', '1.0.0', { a: someBytes(10) });
    await studio.publish(draft);
    const { rootFingerprint } = (await studio.request('GET', '/api/games/trusted')).body as { rootFingerprint: string };
    const trust = await client('trusted', rootFingerprint);
    await trust.refresh(fetcher('trusted'), Date.now());
    const manifest = await trust.fetchTarget(fetcher('trusted'), 'releases/1.0.0/manifest.json');
    expect(Buffer.from(manifest).equals(draft.manifestBytes)).toBe(true);
    expect(await trust.fetchTarget(fetcher('trusted'), 'channels/stable.json')).toBeInstanceOf(Uint8Array);
  });

  it('is renewed before it expires, snapshot and all', async () => {
    const studio = await readyStudio('renewed');
    await studio.publish(draftRelease('renewed', '1.0.0', { a: someBytes(10) }));
    const { rootFingerprint } = (await studio.request('GET', '/api/games/renewed')).body as { rootFingerprint: string };
    const renewal = origin.running.app.get(MetadataRenewal);
    for (const shiftMs of [0.6 * roleLifetimeMs.timestamp, 2 * roleLifetimeMs.snapshot]) {
      origin.clock.shiftMs = shiftMs;
      await renewal.renewDue();
      const trust = await client('renewed', rootFingerprint);
      await trust.refresh(fetcher('renewed'), origin.clock.nowMs());
    }
    const timestamp = await (await fetch(`${origin.url}/trust/renewed/timestamp.json`)).json();
    expect(timestamp).toMatchObject({ signed: { version: 4 } });
    origin.clock.shiftMs = 0;
    expect(await studio.publish(draftRelease('renewed', '1.1.0', { a: someBytes(10) }))).toMatchObject({ status: 200 });
  });

  it('says how each file may be cached', async () => {
    const timestamp = await fetch(`${origin.url}/trust/trusted/timestamp.json`);
    expect(timestamp.headers.get('cache-control')).toBe('no-cache');
    const root = await fetch(`${origin.url}/trust/trusted/1.root.json`);
    expect(root.headers.get('cache-control')).toContain('immutable');
    for (const name of [
      '2.root.json',
      '0.root.json',
      '99999999999.root.json',
      'x.json',
      'targets/x.json',
      '../../keys/trusted.pem',
    ]) {
      expect((await fetch(`${origin.url}/trust/trusted/${name}`)).status).toBe(404);
    }
  });
});

describe('tracker', () => {
  const infohash = (hex: string): Uint8Array => Buffer.from(hex, 'hex').subarray(0, 20);
  const escaped = (hex: string): string => hex.replace(/../g, '%$&');
  const request = (of: Uint8Array, port: number) => ({
    infohash: of,
    peerId: Buffer.from('-SP0001-aaaaaaaaaaaa'),
    port,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 1,
  });
  const options = { signal: new AbortController().signal, timeoutMs: 5000 };

  it('introduces peers of a release over HTTP and UDP, under both of its infohashes', async () => {
    const studio = await readyStudio('swarm');
    const draft = draftRelease('swarm', '1.0.0', { a: someBytes(10) });
    await studio.publish(draft);
    const { infohashV1, infohashV2 } = draft.manifest.torrent;
    await announceToTracker(`${origin.url}/announce`, request(infohash(infohashV1), 1001), options);
    const reply = await announceToTracker(
      `${origin.running.udp}/announce`,
      request(infohash(infohashV2), 1002),
      options,
    );
    expect(reply.peers).toEqual([{ host: '127.0.0.1', port: 1001 }]);
    const scrape = await fetch(`${origin.url}/scrape?info_hash=${escaped(infohashV1)}`);
    expect(await scrape.text()).toContain('10:incompletei2e');
  });

  it('takes the address from the connection, whatever a header or the query says', async () => {
    const studio = await readyStudio('addresses');
    const own = draftRelease('addresses', '1.0.0', { a: someBytes(10) });
    await studio.publish(own);
    const query = `info_hash=${escaped(own.manifest.torrent.infohashV1)}&peer_id=-SP0001-bbbbbbbbbbbb&port=1003&left=0&ip=9.9.9.9`;
    await fetch(`${origin.url}/announce?${query}`, { headers: { 'x-forwarded-for': '8.8.8.8' } });
    const reply = await announceToTracker(
      `${origin.url}/announce`,
      request(infohash(own.manifest.torrent.infohashV1), 1004),
      options,
    );
    expect(reply.peers).toEqual([{ host: '127.0.0.1', port: 1003 }]);
  });

  it('refuses torrents that are not published here', async () => {
    const unknown = new Uint8Array(20).fill(7);
    for (const url of [`${origin.url}/announce`, `${origin.running.udp}/announce`]) {
      await expect(announceToTracker(url, request(unknown, 1), options)).rejects.toMatchObject({
        code: 'tracker_refused',
      });
    }
    const draft = draftRelease('swarm', '2.0.0', { a: someBytes(10) });
    const studio = new Studio(origin.url, admin, 'swarm');
    await studio.begin(draft);
    const early = announceToTracker(
      `${origin.url}/announce`,
      request(infohash(draft.manifest.torrent.infohashV1), 1),
      options,
    );
    await expect(early).rejects.toMatchObject({ code: 'tracker_refused' });
  });

  it('--open-tracker takes any torrent', async () => {
    const open = await ScratchOrigin.start({ openTracker: true });
    try {
      const reply = await announceToTracker(`${open.url}/announce`, request(new Uint8Array(20).fill(7), 1), options);
      expect(reply.leechers).toBe(1);
    } finally {
      await open.remove();
    }
  });

  it('says nothing to a packet that is none', async () => {
    const socket = createSocket('udp4');
    const { hostname, port } = new URL(origin.running.udp);
    socket.send(Buffer.alloc(40, 1), Number(port), hostname);
    const silence = new AbortController();
    setTimeout(() => silence.abort(), 100);
    await expect(once(socket, 'message', { signal: silence.signal })).rejects.toThrow();
    socket.close();
  });
});

describe('on PostgreSQL', () => {
  it('publishes, and finds everything again after a restart', async () => {
    const server = await ScratchPostgresql.start();
    const elsewhere = await ScratchOrigin.start({ databaseUrl: server.url });
    try {
      const studio = new Studio(elsewhere.url, await elsewhere.token('admin'), 'g');
      expect(await studio.createGame()).toMatchObject({ status: 200 });
      const draft = draftRelease('g', '1.0.0', { a: someBytes(1000) });
      expect(await studio.publish(draft)).toMatchObject({ status: 200 });
      await elsewhere.stop();
      await elsewhere.start();
      expect((await studio.at(elsewhere.url).request('GET', '/api/games/g')).body).toMatchObject({ latest: '1.0.0' });
      expect((await fetch(`${elsewhere.url}/torrents/g/1.0.0.torrent`)).status).toBe(200);
    } finally {
      await elsewhere.remove();
      await server.stop();
    }
  });
});

describe('operations', () => {
  it('are probed', async () => {
    expect((await fetch(`${origin.url}/health/live`)).status).toBe(200);
    const ready = await fetch(`${origin.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', checks: { database: true, blobs: true } },
    ]);
  });

  it('are measured, by route templates', async () => {
    await fetch(`${origin.url}/content/a/1.0.0/b/c`);
    const text = await (await fetch(`${origin.url}/metrics`)).text();
    expect(text).toMatch(
      /swarmpatch_http_request_seconds_count\{method="GET",route="\/content\/:game\/:version\/\*",status="404"\} \d/,
    );
    expect(text).toMatch(/swarmpatch_served_bytes_total\{class="content"\} \d/);
    expect(text).toMatch(/swarmpatch_tracker_announces [1-9]/);
    expect(text).toMatch(/swarmpatch_uploads_total\{step="commit",result="ok"\} [1-9]/);
  });
});

describe('API page', () => {
  it('names every route, from the schemas that the routes use', async () => {
    const document = (await (await fetch(`${origin.url}/api/docs/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(
      Object.entries(document.paths)
        .flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`))
        .toSorted(),
    ).toEqual([
      'get /api/games',
      'get /api/games/{game}',
      'get /api/games/{game}/events',
      'get /api/games/{game}/releases',
      'get /api/games/{game}/releases/{version}',
      'get /api/games/{game}/releases/{version}/patches',
      'get /api/games/{game}/status',
      'get /api/games/{game}/uploads/{version}',
      'get /api/service',
      'post /api/games',
      'post /api/games/{game}/uploads/{version}/blobs',
      'post /api/games/{game}/uploads/{version}/commit',
      'put /api/games/{game}/targets',
      'put /api/games/{game}/trust',
      'put /api/games/{game}/uploads/{version}',
    ]);
    expect(document.paths['/api/games']).toMatchObject({
      post: { requestBody: { content: { 'application/json': { schema: { required: ['id', 'title'] } } } } },
    });
  });

  it('loads nothing from anywhere', async () => {
    const response = await fetch(`${origin.url}/api/docs`);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toMatch(/src=|<script|<link|https?:\/\//);
  });
});
