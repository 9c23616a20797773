import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { startDht, startLanDiscovery } from '@swarmpatch/node-io/discovery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLibtorrentSeeker } from './support/foreign-peer.ts';
import { Scene } from './support/scene.ts';

const HOST = '127.0.0.1';
const TIMEOUT_MS = 30_000;

describe('finding libtorrent, and being found by it', { timeout: TIMEOUT_MS }, () => {
  let scene: Scene;
  let listener: Server;
  let leaving: AbortController;
  const found = new Set<string>();
  const infohash = randomBytes(20);
  const torrent = { infohashes: [infohash], isPrivate: false };

  beforeEach(async () => {
    scene = await Scene.open();
    found.clear();
    leaving = new AbortController();
    listener = createServer((socket) => socket.on('error', () => undefined).destroy()).listen(0, HOST);
    await once(listener, 'listening');
  });
  afterEach(async () => {
    leaving.abort();
    listener.close();
    await scene.close();
  });

  const member = () => ({
    onPeers: (peers: readonly { host: string; port: number }[]) => {
      for (const { host, port } of peers) found.add(`${host}:${port}`);
    },
    announcedPort: () => (listener.address() as AddressInfo).port,
    wantsPeers: () => true,
    signal: leaving.signal,
  });

  it('by the DHT', async (test) => {
    const dht = await startDht({ addresses: [HOST], bootstrapNodes: [] });
    try {
      const connected = once(listener, 'connection');
      const seeker = await startLibtorrentSeeker(
        test,
        scene,
        infohash.toString('hex'),
        '--dht',
        `${HOST}:${dht.ports.ipv4}`,
      );
      dht.join(torrent, member());
      await connected;
      await expect.poll(() => found, { timeout: TIMEOUT_MS }).toContain(seeker);
    } finally {
      await dht.close();
    }
  });

  it('by the local network', async (test) => {
    const lan = await startLanDiscovery({ addresses: [HOST] });
    try {
      const connected = once(listener, 'connection');
      const seeker = await startLibtorrentSeeker(test, scene, infohash.toString('hex'), '--lan');
      lan.join(torrent, member());
      await connected;
      await expect.poll(() => found, { timeout: TIMEOUT_MS }).toContain(seeker);
    } finally {
      lan.close();
    }
  });
});
