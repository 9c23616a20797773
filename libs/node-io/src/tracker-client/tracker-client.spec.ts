import { createSocket, type Socket } from 'node:dgram';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AnnounceRequest,
  encodeAnnounceReply,
  encodeFailure,
  parseAnnounceQuery,
  Tracker,
  TrackerError,
  UdpTracker,
  writeErrorReply,
} from '@swarmpatch/tracker';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startUdpTracker } from '../tracker-server/index.ts';
import { announceToTracker, TrackerClient } from './tracker-client.ts';

const request: AnnounceRequest = {
  infohash: new Uint8Array(20).fill(200),
  peerId: new Uint8Array(20).fill(65),
  port: 7001,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 5,
};

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function openTracker(): Tracker {
  return new Tracker({ admission: 'any', random: () => 0.5 });
}

async function serveHttp(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An edge as the origin has one. */
function trackerEdge(tracker: Tracker): RequestListener {
  return (incoming, response) => {
    try {
      const parsed = parseAnnounceQuery((incoming.url ?? '').split('?')[1] ?? '');
      response.end(
        encodeAnnounceReply(tracker.announce(parsed, { address: incoming.socket.remoteAddress ?? '' }, Date.now())),
      );
    } catch (error) {
      if (error instanceof TrackerError) response.end(encodeFailure(error));
      else throw error;
    }
  };
}

async function serveUdp(tracker: Tracker, host = '127.0.0.1'): Promise<string> {
  const server = await startUdpTracker(tracker, { host, port: 0 });
  closers.push(() => server.close());
  return `udp://${host.includes(':') ? `[${host}]` : host}:${server.address.port}/announce`;
}

async function bindUdp(onMessage: (socket: Socket, packet: Buffer, port: number) => void): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (packet, source) => onMessage(socket, packet, source.port));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closers.push(() => socket.close());
  return `udp://127.0.0.1:${socket.address().port}`;
}

describe.each([
  ['http', async (tracker: Tracker) => `${await serveHttp(trackerEdge(tracker))}/announce?passkey=1`],
  ['udp', (tracker: Tracker) => serveUdp(tracker)],
  ['udp over IPv6', (tracker: Tracker) => serveUdp(tracker, '::1')],
])('announceToTracker() over %s', (name, serve) => {
  it('brings counts, the interval and the peers that were there', async () => {
    const tracker = openTracker();
    const url = await serve(tracker);
    const host = name === 'udp over IPv6' ? '::1' : '127.0.0.1';
    const first = await announceToTracker(url, request);
    expect(first).toMatchObject({ intervalSeconds: 900, seeds: 0, leechers: 1, peers: [] });
    const second = await announceToTracker(url, { ...request, port: 7002, leftBytes: 0, event: 'completed' });
    expect(second).toMatchObject({ seeds: 1, leechers: 1, peers: [{ host, port: 7001 }] });
    await announceToTracker(url, { ...request, event: 'stopped' });
    expect(tracker.stats.peers).toBe(1);
  });

  it('passes on a refusal', async () => {
    const url = await serve(new Tracker({ admission: 'published', random: () => 0.5 }));
    await expect(announceToTracker(url, request)).rejects.toMatchObject({
      name: 'TrackerError',
      code: 'tracker_refused',
    });
  });
});

describe('announceToTracker()', () => {
  it('gives up on a tracker that stays silent', async () => {
    const silent = [await bindUdp(() => undefined), await serveHttp(() => undefined)];
    for (const url of silent)
      await expect(announceToTracker(url, request, { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'tracker_timed_out',
      });
  });

  it('asks again 15 s after a packet that is lost', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    closers.push(() => vi.useRealTimers());
    const inner = await startUdpTracker(openTracker(), { host: '127.0.0.1', port: 0 });
    closers.push(() => inner.close());
    let seen = 0;
    const relays = new Map<number, Socket>();
    const url = await bindUdp((socket, packet, port) => {
      seen += 1;
      if (seen === 1) {
        vi.advanceTimersByTime(15_000);
        return;
      }
      let relay = relays.get(port);
      if (relay === undefined) {
        relay = createSocket('udp4').on('message', (reply) => socket.send(reply, port, '127.0.0.1'));
        relays.set(port, relay);
        closers.unshift(() => relay?.close());
      }
      relay.send(packet, inner.address.port, '127.0.0.1');
    });
    expect(await announceToTracker(url, request)).toMatchObject({ leechers: 1 });
    expect(seen).toBe(3);
  });

  it('takes no reply for another question', async () => {
    const url = await bindUdp((socket, packet, port) => {
      socket.send(writeErrorReply(packet.readUInt32BE(12) ^ 1, 'forged', 100), port, '127.0.0.1');
      socket.send(Buffer.from('junk'), port, '127.0.0.1');
    });
    await expect(announceToTracker(url, request, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'tracker_timed_out',
    });
  });

  it('says what is wrong with replies and addresses', async () => {
    const page = await serveHttp((_incoming, response) => response.writeHead(404).end('<html>'));
    await expect(announceToTracker(page, request)).rejects.toMatchObject({ code: 'bad_tracker_reply' });
    const endless = await serveHttp((_incoming, response) => response.end(Buffer.alloc(1_000_000, 'd')));
    await expect(announceToTracker(endless, request)).rejects.toMatchObject({ code: 'bad_tracker_reply' });
    for (const url of ['ftp://h/announce', 'nonsense', 'udp://127.0.0.1/announce']) {
      await expect(announceToTracker(url, request)).rejects.toMatchObject({ code: 'bad_tracker_url' });
    }
    await expect(announceToTracker('http://127.0.0.1:1/announce', request)).rejects.toMatchObject({
      code: 'tracker_unreachable',
    });
    await expect(announceToTracker('udp://127.0.0.1:1/announce', request)).rejects.toMatchObject({
      code: 'tracker_unreachable',
    });
  });

  it('asks only where it may, redirects included', async () => {
    const hidden = await serveHttp(trackerEdge(openTracker()));
    const url = await serveHttp((incoming, response) =>
      response.writeHead(302, { location: `${hidden}${incoming.url ?? ''}` }).end(),
    );
    expect(await announceToTracker(url, request)).toMatchObject({ leechers: 1 });
    const allow = (target: URL): boolean => target.origin !== hidden;
    await expect(announceToTracker(url, request, { allow })).rejects.toMatchObject({ code: 'bad_tracker_url' });
    await expect(announceToTracker(hidden, request, { allow })).rejects.toMatchObject({ code: 'bad_tracker_url' });
  });

  it('ends with the reason of its signal', async () => {
    const url = await bindUdp(() => undefined);
    const ender = new AbortController();
    setTimeout(() => ender.abort(new Error('enough')), 50);
    await expect(announceToTracker(url, request, { signal: ender.signal })).rejects.toThrow('enough');
  });
});

describe('TrackerClient', () => {
  it('connects once for the announces of a minute, and anew when the tracker forgot', async () => {
    const kinds: string[] = [];
    let isForgetful = false;
    const inner = openTracker();
    const edge = new UdpTracker(inner, new Uint8Array(32));
    const url = await bindUdp((socket, packet, port) => {
      const kind = packet.length === 16 ? 'connect' : 'announce';
      kinds.push(kind);
      const isForgotten = isForgetful && kind === 'announce';
      isForgetful &&= !isForgotten;
      const reply = isForgotten
        ? writeErrorReply(packet.readUInt32BE(12), 'connection id expired', 100)
        : edge.receive(packet, { address: '127.0.0.1', port }, Date.now());
      if (reply) socket.send(reply, port, '127.0.0.1');
    });
    const client = new TrackerClient();
    closers.push(() => {
      client.close();
    });
    await client.announce(url, request);
    await client.announce(url, { ...request, infohash: new Uint8Array(20).fill(201) });
    expect(kinds).toEqual(['connect', 'announce', 'announce']);
    isForgetful = true;
    expect(await client.announce(url, request)).toMatchObject({ leechers: 1 });
    expect(kinds.slice(3)).toEqual(['announce', 'connect', 'announce']);
  });
});
