import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tracker } from './tracker.ts';
import { readUdpReply, writeAnnounceRequest, writeConnectRequest, writeScrapeRequest } from './udp-packet.ts';
import { UdpTracker } from './udp-tracker.ts';

const nowMs = Date.UTC(2026, 10, 21);
const infohash = new Uint8Array(20).fill(1);
const request = {
  infohash,
  peerId: new Uint8Array(20),
  port: 7001,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 1,
};
const home = { address: '127.0.0.1', port: 4000 };
const away = { address: '127.0.0.2', port: 4000 };

function open(admission: 'any' | 'published' = 'any'): { edge: UdpTracker; tracker: Tracker } {
  const tracker = new Tracker({ admission, random: () => 0.5 });
  return { tracker, edge: new UdpTracker(tracker, new Uint8Array(32).fill(3)) };
}

function connect(edge: UdpTracker, source = home): Uint8Array {
  const reply = readUdpReply(edge.receive(writeConnectRequest(1), source, nowMs) ?? new Uint8Array(0), 'ipv4');
  if (reply?.action !== 'connect') throw new Error('no connection');
  return reply.connectionId;
}

describe('UdpTracker', () => {
  it('connects, takes announces and answers scrapes', () => {
    const { edge } = open();
    edge.receive(writeAnnounceRequest(connect(edge), 2, request), home, nowMs);
    const reply = edge.receive(writeAnnounceRequest(connect(edge, away), 3, { ...request, leftBytes: 0 }), away, nowMs);
    expect(readUdpReply(reply ?? new Uint8Array(0), 'ipv4')).toMatchObject({
      transactionId: 3,
      reply: { seeds: 1, leechers: 1, peers: Uint8Array.of(127, 0, 0, 1, 0x1b, 0x59) },
    });
    const scrape = edge.receive(writeScrapeRequest(connect(edge), 4, [infohash, new Uint8Array(20)]), home, nowMs);
    expect(readUdpReply(scrape ?? new Uint8Array(0), 'ipv4')).toMatchObject({
      counts: [
        { seeds: 1, leechers: 1 },
        { seeds: 0, leechers: 0 },
      ],
    });
  });

  it('refuses connection ids that are made up or of another address, and takes nobody in', () => {
    const { edge, tracker } = open();
    const id = connect(edge);
    for (const [connectionId, source] of [
      [id, away],
      [new Uint8Array(8), home],
    ] as const) {
      const reply = edge.receive(writeAnnounceRequest(connectionId, 2, request), source, nowMs);
      expect(readUdpReply(reply ?? new Uint8Array(0), 'ipv4')).toMatchObject({ action: 'error', transactionId: 2 });
    }
    expect(tracker.stats.peers).toBe(0);
  });

  it('refuses port 0 and unknown torrents with a reason', () => {
    const { edge } = open('published');
    for (const refused of [request, { ...request, port: 0 }]) {
      const reply = edge.receive(writeAnnounceRequest(connect(edge), 2, refused), home, nowMs);
      expect(readUdpReply(reply ?? new Uint8Array(0), 'ipv4')).toMatchObject({ action: 'error' });
    }
  });

  it('answers IPv6 sources with IPv6 peers', () => {
    const { edge } = open();
    const here = { address: '2001:db8::1', port: 1 };
    const there = { address: '2001:db8::2', port: 1 };
    edge.receive(writeAnnounceRequest(connect(edge, here), 2, request), here, nowMs);
    const reply = edge.receive(writeAnnounceRequest(connect(edge, there), 3, request), there, nowMs);
    expect(reply).toHaveLength(20 + 18);
  });

  it('keeps every reply inside one packet', () => {
    const { edge, tracker } = open();
    for (let host = 0; host < 400; host += 1)
      tracker.announce(request, { address: `2001:db8:${host.toString(16)}::1` }, nowMs);
    const source = { address: '2001:db8::ffff', port: 1 };
    const reply = edge.receive(
      writeAnnounceRequest(connect(edge, source), 2, { ...request, peersWanted: 2_000_000_000 }),
      source,
      nowMs,
    );
    expect(reply?.length).toBeGreaterThan(1300);
    expect(reply?.length).toBeLessThanOrEqual(1400);
  });

  it('never answers a stranger with more than was asked, and malformed packets not at all', () => {
    const { edge } = open();
    const samples = [
      writeConnectRequest(9),
      writeAnnounceRequest(new Uint8Array(8), 9, request),
      writeScrapeRequest(new Uint8Array(8), 9, [infohash]),
    ];
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 1500 }),
      fc
        .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255))
        .map(([sample, at, byte]) => sample.with(at % sample.length, byte)),
    );
    fc.assert(
      fc.property(packets, (packet) => {
        expect(edge.receive(packet, home, nowMs)?.length ?? 0).toBeLessThanOrEqual(packet.length);
      }),
    );
    expect(edge.receive(new Uint8Array(15), home, nowMs)).toBeUndefined();
    expect(edge.receive(writeConnectRequest(1), { address: 'nowhere' }, nowMs)).toBeUndefined();
  });
});
