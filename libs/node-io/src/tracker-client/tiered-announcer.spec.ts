import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAnnounceReply, encodeFailure, parseAnnounceQuery, Tracker, TrackerError } from '@swarmpatch/tracker';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startUdpTracker } from '../tracker-server/index.ts';
import { type AnnouncedTorrent, TieredAnnouncer } from './tiered-announcer.ts';
import { TrackerClient } from './tracker-client.ts';

const V1 = new Uint8Array(20).fill(1);
const V2 = new Uint8Array(20).fill(2);

/** A name with an address of each family: not every machine's localhost is one. */
const BOTH = 'both.test';
vi.mock(import('node:dns/promises'), async (original) => {
  const dns = await original();
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const lookup = (host: string, options: { all?: boolean; family?: number }): unknown => {
    if (host !== BOTH) return dns.lookup(host, options);
    return Promise.resolve(options.all ? addresses : addresses.find(({ family }) => family === options.family));
  };
  return { ...dns, lookup: lookup as typeof dns.lookup };
});

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a tracker heard: the first byte of the infohash, the event, what is left. */
interface HttpTracker {
  readonly url: string;
  readonly heard: string[];
  readonly tracker: Tracker;
}

async function serveHttp(refusal?: TrackerError): Promise<HttpTracker> {
  const tracker = new Tracker({ admission: 'any', random: () => 0.5 });
  const heard: string[] = [];
  const server = createServer((incoming, response) => {
    const request = parseAnnounceQuery((incoming.url ?? '').split('?')[1] ?? '');
    heard.push([request.infohash[0], request.event ?? '-', request.leftBytes].join(' '));
    const from = { address: incoming.socket.remoteAddress ?? '' };
    response.end(refusal ? encodeFailure(refusal) : encodeAnnounceReply(tracker.announce(request, from, Date.now())));
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/announce`, heard, tracker };
}

async function serveUdp(tracker: Tracker, host = '127.0.0.1'): Promise<string> {
  const server = await startUdpTracker(tracker, { host: host === BOTH ? '::' : host, port: 0 });
  closers.push(() => server.close());
  return `udp://${host}:${server.address.port}`;
}

/** A UDP tracker that never answers. */
async function serveSilence(): Promise<string> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closers.push(() => socket.close());
  return `udp://127.0.0.1:${socket.address().port}`;
}

function start(
  tiers: readonly (readonly string[])[],
  options: Partial<AnnouncedTorrent> & { leftBytes?: () => number; wantsMore?: () => boolean } = {},
): TieredAnnouncer {
  const client = new TrackerClient();
  const leftBytes = options.leftBytes ?? (() => 5);
  const wantsMore = options.wantsMore ?? ((): boolean => leftBytes() > 0);
  const announcer = new TieredAnnouncer(
    {
      tiers,
      infohashes: [V1],
      peerId: new Uint8Array(20).fill(65),
      port: () => 7001,
      progress: () => ({
        uploadedBytes: 0,
        downloadedBytes: 0,
        leftBytes: leftBytes(),
        wantsMore: wantsMore(),
        peers: 1,
      }),
      onPeers: () => undefined,
      random: () => 0.5,
      ...options,
    },
    client,
  );
  closers.push(async () => {
    await announcer.stop();
    client.close();
  });
  return announcer;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('TieredAnnouncer', () => {
  it('goes past a dead tier and a tracker that refuses, and asks nobody beyond', async () => {
    const refusing = await serveHttp(new TrackerError('torrent_unknown', 'not here', 1800));
    const good = await serveHttp();
    const beyond = await serveHttp();
    const announcer = start([['http://127.0.0.1:1/announce'], [refusing.url], [good.url], [beyond.url]]);
    await until(() => good.heard.length === 1);
    expect(refusing.heard).toEqual(['1 started 5']);
    await announcer.stop();
    expect(good.heard).toEqual(['1 started 5', '1 stopped 5']);
    expect(good.tracker.stats.peers).toBe(0);
    expect(refusing.heard).toHaveLength(1);
    expect(beyond.heard).toEqual([]);
  });

  it('announces both infohashes of a hybrid, also over UDP', async () => {
    const tracker = new Tracker({ admission: 'any', random: () => 0.5 });
    const url = await serveUdp(tracker);
    const announcer = start([[url]], { infohashes: [V1, V2] });
    await until(() => tracker.stats.peers === 2);
    await announcer.stop();
    expect(tracker.stats.peers).toBe(0);
  });

  it('asks the next tracker while one is silent', async () => {
    const good = await serveHttp();
    start([[await serveSilence()], [good.url]]);
    await until(() => good.heard.length === 1);
  });

  it('tells of the completion at once', async () => {
    const good = await serveHttp();
    let leftBytes = 5;
    const announcer = start([[good.url]], { leftBytes: () => leftBytes });
    await until(() => good.heard.length === 1);
    leftBytes = 0;
    announcer.completed();
    await until(() => good.heard.length === 2);
    expect(good.heard).toEqual(['1 started 5', '1 completed 0']);
  });

  it('says of a partial seed that it is one, and counts no completion', async () => {
    const good = await serveHttp();
    let wantsMore = true;
    const announcer = start([[good.url]], { wantsMore: () => wantsMore });
    await until(() => good.heard.length === 1);
    wantsMore = false;
    announcer.completed();
    await until(() => good.heard.length === 2);
    await announcer.stop();
    expect(good.heard).toEqual(['1 started 5', '1 paused 5', '1 stopped 5']);
  });

  it('announces by IPv4 and by IPv6 where the tracker has both', async () => {
    const tracker = new Tracker({ admission: 'any', random: () => 0.5 });
    const both = await serveUdp(tracker, BOTH);
    const found = new Set<string>();
    const onPeers: AnnouncedTorrent['onPeers'] = (peers) => {
      for (const { host } of peers) found.add(host);
    };
    start([[both]], { onPeers });
    await until(() => tracker.stats.peers >= 2);
    start([[both]], { onPeers, port: () => 7002, peerId: new Uint8Array(20).fill(66) });
    await until(() => found.size === 2);
    expect(found).toEqual(new Set(['127.0.0.1', '::1']));
  });

  it('asks a name that has one family alone over HTTP', async () => {
    const good = await serveHttp();
    start([[good.url.replace('127.0.0.1', 'localhost')]]);
    await until(() => good.heard.length >= 1);
  });

  it('ends quickly beside a tracker that is silent, and without any tracker', async () => {
    const silent = await serveSilence();
    const announcers = [start([[silent]]), start([]), start([['nonsense', 'wss://127.0.0.1/']])];
    await sleep(50);
    await Promise.all(announcers.map((announcer) => announcer.stop()));
  });
});
