import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { startDht, startLanDiscovery } from '@swarmpatch/node-io/discovery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLibtorrentSeeker } from './support/foreign-peer.ts';
import { Scene } from './support/scene.ts';

const HOST = '127.0.0.1';
const IPV6_HOST = '::1';
const hasIpv6 = Object.values(networkInterfaces()).some((infos) => infos?.some(({ address }) => address === IPV6_HOST));
const TIMEOUT_MS = 30_000;

describe('finding libtorrent, and being found by it', { timeout: TIMEOUT_MS }, () => {
  let scene: Scene;
  let leaving: AbortController;
  const listeners: Server[] = [];
  const found = new Set<string>();
  const infohash = randomBytes(20);
  const torrent = { infohashes: [infohash], isPrivate: false };

  beforeEach(async () => {
    scene = await Scene.open();
    found.clear();
    leaving = new AbortController();
  });
  afterEach(async () => {
    leaving.abort();
    for (const listener of listeners.splice(0)) listener.close();
    await scene.close();
  });

  /** A peer that hangs up. */
  const listen = async (host: string): Promise<Server> => {
    const listener = createServer((socket) => socket.on('error', () => undefined).destroy()).listen(0, host);
    listeners.push(listener);
    await once(listener, 'listening');
    return listener;
  };
  const member = (listener: Server) => ({
    onPeers: (peers: readonly { host: string; port: number }[]) => {
      for (const { host, port } of peers) found.add(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
    },
    announcedPort: () => (listener.address() as AddressInfo).port,
    wantsPeers: () => true,
    signal: leaving.signal,
  });

  for (const host of [HOST, ...(hasIpv6 ? [IPV6_HOST] : [])]) {
    it(`by the DHT, at ${host}`, async (test) => {
      const listener = await listen(host);
      const dht = await startDht({ addresses: [host], bootstrapNodes: [] });
      try {
        const connected = once(listener, 'connection');
        const [port] = Object.values(dht.ports);
        const urlHost = host === IPV6_HOST ? `[${host}]` : host;
        const options = ['--host', urlHost, '--dht', `${urlHost}:${port}`];
        const seeker = await startLibtorrentSeeker(test, scene, infohash.toString('hex'), ...options);
        dht.join(torrent, member(listener));
        await connected;
        await expect.poll(() => found, { timeout: TIMEOUT_MS }).toContain(seeker);
      } finally {
        await dht.close();
      }
    });
  }

  it('by the local network', async (test) => {
    const listener = await listen(HOST);
    const lan = await startLanDiscovery({ addresses: [HOST] });
    try {
      const connected = once(listener, 'connection');
      const seeker = await startLibtorrentSeeker(test, scene, infohash.toString('hex'), '--lan');
      lan.join(torrent, member(listener));
      await connected;
      await expect.poll(() => found, { timeout: TIMEOUT_MS }).toContain(seeker);
    } finally {
      lan.close();
    }
  });
});
