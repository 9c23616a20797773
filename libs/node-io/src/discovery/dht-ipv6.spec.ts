import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DhtFamily } from '@swarmpatch/peer-wire';
import { parseIpAddress, type PeerEndpoint } from '@swarmpatch/tracker';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dht, type DhtOptions, startDht } from './dht.ts';
import type { DiscoveredTorrent } from './discovered-torrent.ts';
import { globalIpv6Address } from './global-address.ts';

const IPV4 = '127.0.0.1';
const IPV6 = '::1';
const hasIpv6 = Object.values(networkInterfaces()).some((infos) => infos?.some(({ address }) => address === IPV6));
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(addresses: readonly string[], options: DhtOptions = {}): Promise<Dht> {
  const dht = await startDht({ addresses, bootstrapNodes: [], ...options });
  closers.push(() => dht.close());
  return dht;
}

function nodeOf(dht: Dht, family: DhtFamily): PeerEndpoint {
  return { host: family === 'ipv6' ? IPV6 : IPV4, port: dht.ports[family] ?? expect.fail() };
}

function randomTorrent(): DiscoveredTorrent {
  return { infohashes: [randomBytes(20)], isPrivate: false };
}

/** Looks for a torrent to the end of the test. */
function join(
  dht: Dht,
  torrent: DiscoveredTorrent,
  announcedPort: (family: DhtFamily) => number | undefined,
): Set<string> {
  const found = new Set<string>();
  const leaving = new AbortController();
  closers.unshift(() => {
    leaving.abort();
  });
  const onPeers = (peers: readonly PeerEndpoint[]): void => {
    for (const { host, port } of peers) found.add(`${host} ${port}`);
  };
  dht.join(torrent, { onPeers, announcedPort, wantsPeers: () => true, signal: leaving.signal });
  return found;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe.skipIf(!hasIpv6)('startDht()', () => {
  it('finds over IPv6 alone what others announced there', async () => {
    const first = await start([IPV6]);
    const bootstrapNodes = [nodeOf(first, 'ipv6')];
    const [second, third, fourth] = [
      await start([IPV6], { bootstrapNodes }),
      await start([IPV6], { bootstrapNodes }),
      await start([IPV6], { bootstrapNodes }),
    ];
    expect(first.ports).toEqual({ ipv6: expect.any(Number) as number });
    const torrent = randomTorrent();
    join(second, torrent, () => 7002);
    join(third, torrent, () => 7003);
    const found = join(fourth, torrent, () => undefined);
    await until(() => found.has(`${IPV6} 7002`) && found.has(`${IPV6} 7003`));
  });

  it('tells two nodes alone of each other over IPv6, and hears of who announces to it', async () => {
    const first = await start([IPV6]);
    const second = await start([IPV6]);
    second.addNode(nodeOf(first, 'ipv6'));
    const torrent = randomTorrent();
    const [byFirst, bySecond] = [join(first, torrent, () => 7001), join(second, torrent, () => 7002)];
    await until(() => byFirst.has(`${IPV6} 7002`) && bySecond.has(`${IPV6} 7001`));
  });

  it('starts again from its state alone, in both DHTs', async () => {
    const other = await start([IPV4, IPV6]);
    const before = await start([IPV4, IPV6], { bootstrapNodes: [nodeOf(other, 'ipv4'), nodeOf(other, 'ipv6')] });
    const torrent = randomTorrent();
    join(other, torrent, (family) => (family === 'ipv6' ? 7006 : 7004));
    const foundBefore = join(before, torrent, () => undefined);
    await until(() => foundBefore.size === 2);
    const state = before.state();
    await before.close();
    const after = await start([IPV4, IPV6], { state });
    const found = join(after, torrent, () => undefined);
    await until(() => found.size === 2);
    expect(found).toEqual(new Set([`${IPV4} 7004`, `${IPV6} 7006`]));
    expect(after.state()).toEqual(state);
  });

  it('keeps whom it knew in a DHT in which it has no node this time', async () => {
    const other = await start([IPV6]);
    const before = await start([IPV6], { bootstrapNodes: [nodeOf(other, 'ipv6')] });
    await until(() => before.nodeCount === 1);
    const state = before.state();
    const without = await start([IPV4], { state });
    expect(without.state()).toEqual(state);
  });

  it('begins in one DHT with the help of the other (BEP 32)', async () => {
    const both = await start([IPV4, IPV6]);
    const six = await start([IPV6], { bootstrapNodes: [nodeOf(both, 'ipv6')] });
    const torrent = randomTorrent();
    join(six, torrent, () => 7006);
    await until(() => both.nodeCount === 1);
    const newcomer = await start([IPV4, IPV6], { bootstrapNodes: [nodeOf(both, 'ipv4')] });
    const found = join(newcomer, torrent, () => undefined);
    await until(() => found.has(`${IPV6} 7006`));
  });

  it('has one port for both, unless another program has it', async () => {
    const started = await Promise.all(Array.from({ length: 3 }, () => start([IPV4, IPV6])));
    expect(started.map(({ ports }) => ports.ipv6 === ports.ipv4)).toContain(true);
  });

  it.each<[DhtFamily, string[]]>([
    ['ipv4', [IPV4, '2001:db8::1']],
    ['ipv6', ['192.0.2.1', IPV6]],
  ])('goes on with %s where the other is not to be had', async (family, addresses) => {
    const { ports } = await start(addresses);
    expect(Object.keys(ports)).toEqual([family]);
  });

  it('says so where neither is', async () => {
    const code = 'discovery_unavailable';
    await expect(start(['192.0.2.1', '2001:db8::1'])).rejects.toMatchObject({ code });
    await expect(start(['no address'])).rejects.toMatchObject({ code });
  });
});

describe('globalIpv6Address()', () => {
  it('gives an address of this machine, or none', async () => {
    const address = await globalIpv6Address();
    const own = Object.values(networkInterfaces()).flatMap((infos) =>
      infos?.map((info) => parseIpAddress(info.address)),
    );
    if (address !== undefined) expect(own).toContainEqual(parseIpAddress(address));
  });
});
