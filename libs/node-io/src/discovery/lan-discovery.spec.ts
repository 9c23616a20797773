import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeLanAnnounce, LAN_GROUPS } from '@swarmpatch/peer-wire';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import { afterEach, describe, expect, it } from 'vitest';
import type { DiscoveredTorrent } from './discovered-torrent.ts';
import { type LanDiscovery, LAN_PEERS_PER_SECOND_MAX, startLanDiscovery } from './lan-discovery.ts';

const HOST = '127.0.0.1';
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(addresses: readonly string[] = [HOST, '::1']): Promise<LanDiscovery> {
  const discovery = await startLanDiscovery({ addresses });
  closers.push(() => {
    discovery.close();
  });
  return discovery;
}

interface Joined {
  readonly found: PeerEndpoint[];
  leave(): void;
}

function join(discovery: LanDiscovery, torrent: DiscoveredTorrent, port?: number): Joined {
  const found: PeerEndpoint[] = [];
  const leaving = new AbortController();
  discovery.join(torrent, {
    onPeers: (peers) => {
      found.push(...peers);
    },
    announcedPort: () => port,
    signal: leaving.signal,
  });
  return {
    found,
    leave() {
      leaving.abort();
    },
  };
}

function randomTorrent(): DiscoveredTorrent {
  return { infohashes: [randomBytes(20), randomBytes(20)], isPrivate: false };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

/** Sends packets to the group by hand. */
async function shout(packets: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  socket.setMulticastInterface(HOST);
  const { host, port } = LAN_GROUPS.ipv4;
  for (const packet of packets) await new Promise((resolve) => socket.send(packet, port, host, resolve));
  socket.close();
}

describe('startLanDiscovery()', () => {
  it('finds each other, and not itself', async () => {
    const [first, second] = [await start(), await start()];
    const torrent = randomTorrent();
    const listening = join(first, torrent, 7001);
    const later = join(second, torrent, 7002);
    await until(() => listening.found.length > 0 && later.found.length > 0);
    expect(listening.found).toContainEqual({ host: HOST, port: 7002 });
    expect(later.found).toContainEqual({ host: HOST, port: 7001 });
    expect(listening.found.every(({ port }) => port === 7002)).toBe(true);
  });

  it('hears without being heard, and no more after leaving', async () => {
    const [first, second] = [await start(), await start()];
    const torrent = randomTorrent();
    const silent = join(first, torrent);
    const gone = join(first, torrent);
    gone.leave();
    const loud = join(second, torrent, 7003);
    await until(() => silent.found.length > 0);
    expect(gone.found).toEqual([]);
    expect(loud.found).toEqual([]);
  });

  it('announces a torrent once within five minutes', async () => {
    const [first, second] = [await start(), await start([HOST])];
    const torrent = { ...randomTorrent(), infohashes: [randomBytes(20)] };
    const listening = join(first, torrent);
    join(second, torrent, 7004).leave();
    join(second, torrent, 7004);
    await until(() => listening.found.length > 0);
    join(second, torrent, 7004);
    const other = randomTorrent();
    const marker = join(first, other);
    join(second, other, 7005);
    await until(() => marker.found.length > 0);
    expect(listening.found).toHaveLength(1);
  });

  it('takes nonsense for nothing, and a flood of peers for a few', async () => {
    const discovery = await start();
    const torrent = randomTorrent();
    const { found } = join(discovery, torrent);
    const cookie = 'stranger';
    const peers = Array.from({ length: 200 }, (_, index) => ({
      port: 8000 + index,
      infohashes: torrent.infohashes,
      cookie,
    }));
    await shout([randomBytes(100), Buffer.from('BT-SEARCH * HTTP/1.1\r\n\r\n'), randomBytes(1500)]);
    await shout(peers.flatMap((peer) => encodeLanAnnounce(peer, 'ipv4')));
    await until(() => found.length > 0);
    // The flood may reach into a second one.
    expect(found.length).toBeLessThanOrEqual(2 * LAN_PEERS_PER_SECOND_MAX);
  });

  it('refuses a private torrent', async () => {
    const discovery = await start();
    expect(() => join(discovery, { ...randomTorrent(), isPrivate: true }, 7006)).toThrow(
      expect.objectContaining({ name: 'DiscoveryError', code: 'discovery_private' }),
    );
  });

  it('is quiet where no interface takes part', async () => {
    const discovery = await start(['203.0.113.9']);
    const { found } = join(discovery, randomTorrent(), 7007);
    await sleep(200);
    expect(found).toEqual([]);
    discovery.close();
    discovery.close();
  });
});
