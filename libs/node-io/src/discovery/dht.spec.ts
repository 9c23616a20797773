import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dht, type DhtOptions, startDht } from './dht.ts';
import type { DiscoveredTorrent } from './discovered-torrent.ts';

const HOST = '127.0.0.1';
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(options: DhtOptions = {}): Promise<Dht> {
  const dht = await startDht({ addresses: [HOST], bootstrapNodes: [], ...options });
  closers.push(() => dht.close());
  return dht;
}

/** Nodes that all know the first. */
async function startNetwork(count: number): Promise<Dht[]> {
  const first = await start();
  const bootstrapNodes = [{ host: HOST, port: portOf(first) }];
  return [first, ...(await Promise.all(Array.from({ length: count - 1 }, () => start({ bootstrapNodes }))))];
}

function portOf(dht: Dht | undefined): number {
  return dht?.ports.ipv4 ?? expect.fail();
}

function randomTorrent(): DiscoveredTorrent {
  return { infohashes: [randomBytes(20)], isPrivate: false };
}

function announce(dht: Dht, torrent: DiscoveredTorrent, port: number): void {
  const { signal } = endingWithTest();
  dht.join(torrent, { onPeers: () => undefined, announcedPort: () => port, wantsPeers: () => true, signal });
}

/** Asks anew until somebody has announced. */
async function find(dht: Dht, torrent: DiscoveredTorrent): Promise<PeerEndpoint> {
  for (;;) {
    const asking = endingWithTest();
    const found = new Promise<PeerEndpoint | undefined>((resolve) => {
      dht.join(torrent, {
        onPeers: ([peer]) => {
          resolve(peer);
        },
        announcedPort: () => undefined,
        wantsPeers: () => true,
        signal: asking.signal,
      });
    });
    const peer = await Promise.race([found, sleep(500)]);
    asking.abort();
    if (peer) return peer;
  }
}

function endingWithTest(): AbortController {
  const controller = new AbortController();
  closers.unshift(() => {
    controller.abort();
  });
  return controller;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe('startDht()', () => {
  it('finds what another node announced, both infohashes of a hybrid', async () => {
    const nodes = await startNetwork(6);
    const [first, second] = [randomBytes(20), randomBytes(20)];
    for (const [index, node] of nodes.slice(1, 3).entries())
      announce(node, { infohashes: [first, second], isPrivate: false }, 7001 + index);
    for (const infohash of [first, second]) {
      const found = await find(nodes[5] ?? expect.fail(), { infohashes: [infohash], isPrivate: false });
      expect([7001, 7002]).toContain(found.port);
      expect(found.host).toBe(HOST);
    }
  });

  it('tells two nodes alone of each other, whoever announces first', async () => {
    const [a, b] = await startNetwork(2);
    const torrent = randomTorrent();
    const found: PeerEndpoint[][] = [[], []];
    for (const [index, node] of [a, b].entries()) {
      node?.join(torrent, {
        onPeers: (peers) => found[index]?.push(...peers),
        announcedPort: () => 7010 + index,
        wantsPeers: () => false,
        signal: endingWithTest().signal,
      });
    }
    await until(() => found.every((peers, index) => peers.some(({ port }) => port === 7011 - index)));
  });

  it('hears at once of a peer that announces to it', async () => {
    const [a, b] = await startNetwork(2);
    const torrent = randomTorrent();
    const found: number[] = [];
    a?.join(torrent, {
      onPeers: (peers) => found.push(...peers.map(({ port }) => port)),
      announcedPort: () => undefined,
      wantsPeers: () => false,
      signal: endingWithTest().signal,
    });
    await until(() => a?.nodeCount === 1);
    await sleep(200);
    announce(b ?? expect.fail(), torrent, 7012);
    await until(() => found.includes(7012));
  });

  it('meets nodes that peers name', async () => {
    const [a, b] = [await start(), await start()];
    a.addNode({ host: '::ffff:127.0.0.1', port: portOf(b) });
    const torrent = randomTorrent();
    announce(b, torrent, 7003);
    expect(await find(a, torrent)).toEqual({ host: HOST, port: 7003 });
  });

  it('starts again from its state alone', async () => {
    const nodes = await startNetwork(4);
    const [, before, other] = nodes;
    await until(() => before !== undefined && before.nodeCount >= 2);
    const state = before?.state();
    await before?.close();
    const after = await start({ state });
    const torrent = randomTorrent();
    announce(other ?? expect.fail(), torrent, 7004);
    expect(await find(after, torrent)).toEqual({ host: HOST, port: 7004 });
    expect(after.state().slice(0, 20)).toEqual(state?.slice(0, 20));
    for (const nonsense of [new Uint8Array(3), randomBytes(1000)]) await start({ state: nonsense });
  });

  it('answers through a flood of garbage', async () => {
    const [first, second, third] = await startNetwork(3);
    const flooder = createSocket('udp4');
    flooder.bind(0, '127.0.0.2');
    await once(flooder, 'listening');
    closers.push(() => flooder.close());
    const fatal = [
      'l-3:e',
      'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaa9:info_hashi99ee1:q9:get_peers1:t2:aa1:y1:qe',
      'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaa6:targeti5ee1:q9:find_node1:t2:aa1:y1:qe',
    ];
    for (let round = 0; round < 1000; round += 1) {
      for (const packet of [...fatal.map((text) => Buffer.from(text)), randomBytes(200)])
        flooder.send(packet, portOf(first), HOST);
      if (round % 100 === 0) await sleep(1);
    }
    const torrent = randomTorrent();
    announce(second ?? expect.fail(), torrent, 7005);
    expect(await find(third ?? expect.fail(), torrent)).toEqual({ host: HOST, port: 7005 });
    expect(await find(first ?? expect.fail(), torrent)).toEqual({ host: HOST, port: 7005 });
  });

  it('refuses a private torrent', async () => {
    const dht = await start();
    expect(() => {
      announce(dht, { ...randomTorrent(), isPrivate: true }, 7006);
    }).toThrow(expect.objectContaining({ name: 'DiscoveryError', code: 'discovery_private' }));
  });

  it('names a port that is in use', async () => {
    const port = portOf(await start());
    await expect(startDht({ addresses: [HOST], port })).rejects.toMatchObject({ code: 'discovery_port_taken' });
  });

  it('runs without anybody to ask, and closes in the middle of a look-up', async () => {
    const bootstrapNodes = [
      { host: HOST, port: 1 },
      { host: 'no-such-host.invalid', port: 6881 },
    ];
    const lonely = await start({ bootstrapNodes });
    announce(lonely, randomTorrent(), 7007);
    const [, busy] = await startNetwork(2);
    await until(() => busy?.nodeCount === 1);
    announce(busy ?? expect.fail(), randomTorrent(), 7008);
    await Promise.all([lonely.close(), busy?.close(), busy?.close()]);
    expect(() => {
      busy?.addNode({ host: HOST, port: 9 });
    }).not.toThrow();
  });
});
