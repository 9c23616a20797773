import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Build, generateBuild, summarizeBuild, writeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startAria2, startLibtorrent, startTransmission } from './support/foreign-peer.ts';
import { bytesOf, treeOf } from './support/installed-tree.ts';
import { Origin } from './support/origin.ts';
import { Scene } from './support/scene.ts';
import { drawSeed } from './support/seed.ts';
import { Studio } from './support/studio.ts';

const NAME = 'starfall-1.0.0';
const TIMEOUT_MS = 60_000;

// Transmission looks at its peers every ten seconds: the tests wait side by side.
describe.concurrent('peers that are not ours', () => {
  let scene: Scene;
  let origin: Origin;
  let studio: Studio;
  let build: Build;
  /** Holds the release's files below the torrent's name, as a foreign seed has them. */
  let library: string;
  let releaseTorrent: string;

  beforeAll(async () => {
    build = generateBuild(drawSeed('foreign peers'));
    scene = await Scene.open();
    library = scene.path('library');
    await writeBuild(build, join(library, NAME));
    origin = await Origin.start(scene, '--open-tracker');
    studio = await Studio.open(scene, origin, 'starfall');
    await studio.publish(build, '1.0.0');
    releaseTorrent = scene.path('release.torrent');
    const served = await fetch(`${origin.http}/torrents/starfall/1.0.0.torrent`);
    await writeFile(releaseTorrent, Buffer.from(await served.arrayBuffer()));
  }, TIMEOUT_MS);
  afterAll(() => scene.close());

  /** A torrent of the library that only the tracker knows. @returns Its file and how to ask the tracker for it. */
  async function createTorrent(format: 'hybrid' | 'v1' | 'v2'): Promise<{ torrent: string; infohash: string }> {
    const torrent = scene.path(`${format}.torrent`);
    const made = await scene.succeed(
      'swarmpatch',
      ...['torrent', 'create', join(library, NAME), '--out', torrent, '--format', format],
      ...['--tracker', `${origin.http}/announce`],
    );
    return { torrent, infohash: String(made['infohashV1'] ?? made['infohashV2']) };
  }

  /** Waits until the tracker knows a seed. */
  async function seedAnnounced(infohash: string): Promise<void> {
    const query = infohash.replaceAll(/../g, '%$&');
    for (;;) {
      const reply = await fetch(`${origin.http}/scrape?info_hash=${query}`);
      if (/8:completei[1-9]/.test(await reply.text())) return;
      await sleep(50);
    }
  }

  /** Regular files alone: what links and programs are is not known to every client. */
  const contents = (tree: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(tree)
        .filter(
          ([path, line]) => !path.startsWith('.pad/') && !line.startsWith('link') && !line.includes(' of 0 bytes'),
        )
        .map(([path, line]) => [path, line.replace('program', 'file')]),
    );
  const wanted = (): Record<string, string> => contents(summarizeBuild(build));

  it(
    'libtorrent downloads a release from the web seed',
    async (test) => {
      const peer = await startLibtorrent(test, scene, 'download', releaseTorrent, scene.path('to-libtorrent'));
      expect(await peer.done()).toMatchObject({ done: true });
      expect(contents(await treeOf(scene.path('to-libtorrent', NAME)))).toEqual(wanted());
    },
    TIMEOUT_MS,
  );

  it(
    'aria2 downloads a release from the web seed',
    async (test) => {
      const peer = await startAria2(test, scene, releaseTorrent, scene.path('to-aria2'));
      expect(await peer.ended, peer.output).toMatchObject({ exitCode: 0 });
      expect(contents(await treeOf(scene.path('to-aria2', NAME)))).toEqual(wanted());
    },
    TIMEOUT_MS,
  );

  it(
    'the launcher installs from libtorrent alone',
    async (test) => {
      const peer = await startLibtorrent(test, scene, 'seed', releaseTorrent, library, '--no-web-seeds');
      const player = scene.path('from-libtorrent');
      const { bytes } = await studio.install(player, '--no-web-seeds', '--peer', peer.listen, '--timeout', '40');
      expect(bytes).toMatchObject({ fromWebSeeds: 0, fromPeers: bytesOf(build) });
      expect(await treeOf(player)).toEqual(summarizeBuild(build));
    },
    TIMEOUT_MS,
  );

  it(
    'libtorrent downloads from a launcher that seeds its install',
    async (test) => {
      const player = scene.path('seeding');
      await studio.install(player, '--no-peers');
      const seeding = ['seed', '--dir', player, '--listen', '127.0.0.1:0'];
      const { ready } = await scene.serve('swarmpatch-launcher', ...seeding);
      const options = ['--no-web-seeds', '--peer', String(ready['listen'])];
      const peer = await startLibtorrent(test, scene, 'download', releaseTorrent, scene.path('from-us'), ...options);
      await peer.done();
      expect(contents(await treeOf(scene.path('from-us', NAME)))).toEqual(wanted());
    },
    TIMEOUT_MS,
  );

  it(
    'a v2 torrent goes from libtorrent to download',
    async (test) => {
      const { torrent } = await createTorrent('v2');
      const peer = await startLibtorrent(test, scene, 'seed', torrent, library);
      const argv = ['download', torrent, '--dir', scene.path('v2'), '--peer', peer.listen, '--timeout', '40'];
      expect(await scene.succeed('swarmpatch-launcher', ...argv)).toMatchObject({ done: true, bytes: bytesOf(build) });
      expect(await treeOf(scene.path('v2', NAME))).toEqual(summarizeBuild(build));
    },
    TIMEOUT_MS,
  );

  it(
    'aria2 finds a download that goes on seeding through the tracker',
    async (test) => {
      const { torrent, infohash } = await createTorrent('hybrid');
      const argv = ['download', torrent, '--dir', library, '--listen', '127.0.0.1:0', '--seed-for', '60'];
      const seeding = scene.startCommand('swarmpatch-launcher', ...argv);
      await seedAnnounced(infohash);
      const peer = await startAria2(test, scene, torrent, scene.path('aria2-from-us'));
      expect(await peer.ended, peer.output).toMatchObject({ exitCode: 0 });
      expect(contents(await treeOf(scene.path('aria2-from-us', NAME)))).toEqual(wanted());
      seeding.kill('SIGINT');
      expect(await seeding.ended).toMatchObject({ exitCode: 0 });
    },
    TIMEOUT_MS,
  );

  // Transmission 3.00 reads no torrent with a file tree, libtorrent's neither.
  it(
    'a v1 torrent goes from transmission to download, and from there to transmission',
    async (test) => {
      const { torrent } = await createTorrent('v1');
      const seed = await startTransmission(test, scene, torrent, library);
      const taker = await startTransmission(test, scene, torrent, scene.path('to-transmission'));
      const target = scene.path('from-transmission');
      const port = await freePort();
      const download = scene.startCommand(
        'swarmpatch-launcher',
        ...['download', torrent, '--dir', target, '--listen', `127.0.0.1:${port}`],
        ...['--peer', seed.listen, '--peer', taker.listen, '--seed-for', '60'],
      );
      await taker.program.until(({ complaints }) => complaints.includes('to "Complete"') || undefined);
      expect(contents(await treeOf(join(target, NAME)))).toEqual(wanted());
      expect(contents(await treeOf(scene.path('to-transmission', NAME)))).toEqual(wanted());
      download.kill('SIGINT');
      expect(await download.ended).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(download.output)).toMatchObject({ done: true, received: { fromPeers: bytesOf(build) } });
    },
    TIMEOUT_MS,
  );
});
