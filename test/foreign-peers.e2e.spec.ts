import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Build, summarizeBuild, writeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAria2, startLibtorrent, startTransmission } from './support/foreign-peer.ts';
import { bytesOf, distinctBytesOf, treeOf } from './support/installed-tree.ts';
import { freePort, untilListening } from './support/local-port.ts';
import type { Origin } from './support/origin.ts';
import type { Scene } from './support/scene.ts';
import { openStage } from './support/stage.ts';
import type { Studio } from './support/studio.ts';

const NAME = 'starfall-1.0.0';
const BLOCK_BYTES = 16_384;
const TIMEOUT_MS = 60_000;

// Transmission looks at its peers every ten seconds: the tests wait side by side.
describe.concurrent('peers that are not ours', { timeout: TIMEOUT_MS }, () => {
  let scene: Scene;
  let origin: Origin;
  let studio: Studio;
  let build: Build;
  /** Holds the release's files below the torrent's name, as a foreign seed has them. */
  let library: string;
  let releaseTorrent: string;
  let v1Torrent: string;

  beforeAll(async () => {
    ({ scene, origin, studio, first: build } = await openStage('foreign peers', { origin: ['--open-tracker'] }));
    library = scene.path('library');
    await writeBuild(build, join(library, NAME));
    await studio.publish(build, '1.0.0');
    releaseTorrent = await fetchTorrent('1.0.0');
    v1Torrent = (await createTorrent('v1')).torrent;
  }, TIMEOUT_MS);
  afterAll(() => scene.close());

  async function fetchTorrent(version: string): Promise<string> {
    const file = scene.path(`${version}.torrent`);
    const served = await fetch(`${origin.http}/torrents/starfall/${version}.torrent`);
    await writeFile(file, Buffer.from(await served.arrayBuffer()));
    return file;
  }

  /** A torrent of the library that names no web seed. @returns Its file and how to ask a tracker for it. */
  async function createTorrent(
    format: 'v1' | 'v2',
    ...options: readonly string[]
  ): Promise<{ torrent: string; infohash: string }> {
    const torrent = scene.path(['torrent', format, ...options].join('').replaceAll(/[^a-z0-9]/g, '-'));
    const argv = ['torrent', 'create', join(library, NAME), '--out', torrent, '--format', format, ...options];
    const made = await scene.succeed('swarmpatch', ...argv);
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
        .filter(([, line]) => !line.startsWith('link') && !line.includes(' of 0 bytes'))
        .map(([path, line]) => [path, line.replace('program', 'file')]),
    );
  const wanted = (): Record<string, string> => contents(summarizeBuild(build));

  it('libtorrent downloads a release from the web seed', async (test) => {
    const peer = await startLibtorrent(test, scene, 'download', releaseTorrent, scene.path('to-libtorrent'));
    expect(await peer.done()).toMatchObject({ done: true });
    expect(contents(await treeOf(scene.path('to-libtorrent', NAME)))).toEqual(wanted());
  });

  it('aria2 downloads a release from the web seed', async (test) => {
    // To aria2 a range of the first byte alone is no range, and the whole file is the end of the web seed.
    const longer = build.filter(({ content: { length } }) => length !== 1 && length % BLOCK_BYTES !== BLOCK_BYTES - 1);
    // Players of the tests beside this one follow the stable channel.
    await studio.publish(longer, '1.1.0', '--channel', 'beta');
    const peer = await startAria2(test, scene, await fetchTorrent('1.1.0'), scene.path('to-aria2'));
    expect(await peer.ended, peer.output).toMatchObject({ exitCode: 0 });
    expect(contents(await treeOf(scene.path('to-aria2', 'starfall-1.1.0')))).toEqual(contents(summarizeBuild(longer)));
  });

  it('the launcher installs from libtorrent alone', async (test) => {
    const peer = await startLibtorrent(test, scene, 'seed', releaseTorrent, library, '--no-web-seeds');
    const player = scene.path('from-libtorrent');
    const { bytes } = await studio.install(player, '--no-web-seeds', '--peer', peer.listen, '--timeout', '40');
    expect(await treeOf(player)).toEqual(summarizeBuild(build));
    expect(bytes).toMatchObject({ fromWebSeeds: 0, fromPeers: distinctBytesOf(build) });
  });

  it('libtorrent downloads from a launcher that seeds its install', async (test) => {
    const player = scene.path('seeding');
    await studio.install(player, '--no-peers');
    const seeding = ['seed', '--dir', player, '--listen', '127.0.0.1:0'];
    const { ready } = await scene.serve('swarmpatch-launcher', ...seeding);
    const options = ['--no-web-seeds', '--peer', String(ready['listen'])];
    const peer = await startLibtorrent(test, scene, 'download', releaseTorrent, scene.path('from-us'), ...options);
    await peer.done();
    expect(contents(await treeOf(scene.path('from-us', NAME)))).toEqual(wanted());
  });

  it('a libtorrent that talks to nobody in plain takes from and gives to the launcher', async (test) => {
    const encrypted = ['--no-web-seeds', '--encrypted'];
    const seed = await startLibtorrent(test, scene, 'seed', releaseTorrent, library, ...encrypted);
    const port = await freePort();
    const argv = ['download', releaseTorrent, '--dir', scene.path('decrypted'), '--listen', `127.0.0.1:${port}`];
    const alone = ['--no-web-seeds', '--peer', seed.listen, '--timeout', '40'];
    expect(await scene.succeed('swarmpatch-launcher', ...argv, ...alone)).toMatchObject({ done: true });

    const sharing = scene.startCommand('swarmpatch-launcher', ...argv, '--no-web-seeds', '--seed-for', '60');
    await untilListening(port, sharing);
    const dialing = [...encrypted, '--peer', `127.0.0.1:${port}`];
    const target = scene.path('encrypted');
    const peer = await startLibtorrent(test, scene, 'download', releaseTorrent, target, ...dialing);
    await peer.done();
    expect(contents(await treeOf(join(target, NAME)))).toEqual(wanted());
    sharing.kill('SIGINT');
  });

  it('a v2 torrent goes from libtorrent to download', async (test) => {
    const { torrent } = await createTorrent('v2');
    const peer = await startLibtorrent(test, scene, 'seed', torrent, library);
    const argv = ['download', torrent, '--dir', scene.path('v2'), '--peer', peer.listen, '--timeout', '40'];
    expect(await scene.succeed('swarmpatch-launcher', ...argv)).toMatchObject({ done: true, bytes: bytesOf(build) });
    expect(await treeOf(scene.path('v2', NAME))).toEqual(summarizeBuild(build));
  });

  // Transmission 3.00 reads no torrent with a file tree, libtorrent's neither; 4.0 does.
  it('a v1 torrent goes from transmission to download', async (test) => {
    const listen = await startTransmission(test, scene, v1Torrent, library);
    const target = scene.path('from-transmission');
    const argv = ['download', v1Torrent, '--dir', target, '--peer', listen, '--timeout', '40'];
    const received = { fromPeers: bytesOf(build), fromWebSeeds: 0 };
    expect(await scene.succeed('swarmpatch-launcher', ...argv)).toMatchObject({ done: true, received });
    expect(contents(await treeOf(join(target, NAME)))).toEqual(wanted());
  });

  it('transmission fetches from a download that goes on seeding', async (test) => {
    const target = scene.path('to-transmission');
    // It dials nobody on loopback, so we dial.
    const listen = await startTransmission(test, scene, v1Torrent, target);
    const argv = ['download', v1Torrent, '--dir', library, '--listen', '127.0.0.1:0', '--peer', listen];
    const download = scene.startCommand('swarmpatch-launcher', ...argv, '--seed-for', '60');
    // It does not say when it is done in the same words in each version.
    const expectWhole = async (): Promise<void> => {
      expect(contents(await treeOf(join(target, NAME)))).toEqual(wanted());
    };
    await vi.waitFor(expectWhole, { timeout: TIMEOUT_MS, interval: 200 });
    download.kill('SIGINT');
    expect(await download.ended).toMatchObject({ exitCode: 0 });
  });

  // Of a torrent with a file tree aria2 computes another infohash, of libtorrent's too.
  it('aria2 finds a download that goes on seeding through the tracker', async (test) => {
    const { torrent, infohash } = await createTorrent('v1', '--tracker', `${origin.http}/announce`);
    const argv = ['download', torrent, '--dir', library, '--listen', '127.0.0.1:0', '--seed-for', '60'];
    const download = scene.startCommand('swarmpatch-launcher', ...argv);
    await seedAnnounced(infohash);
    const target = scene.path('from-tracker');
    const peer = await startAria2(test, scene, torrent, target);
    expect(await peer.ended, peer.output).toMatchObject({ exitCode: 0 });
    expect(contents(await treeOf(join(target, NAME)))).toEqual(wanted());
    download.kill('SIGINT');
    expect(await download.ended).toMatchObject({ exitCode: 0 });
  });
});
