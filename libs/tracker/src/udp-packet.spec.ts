import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readUdpReply,
  readUdpRequest,
  writeAnnounceReply,
  writeAnnounceRequest,
  writeConnectReply,
  writeConnectRequest,
  writeErrorReply,
  writeScrapeReply,
  writeScrapeRequest,
} from './udp-packet.ts';

const id = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const request = {
  infohash: new Uint8Array(20).fill(1),
  peerId: new Uint8Array(20).fill(2),
  port: 6881,
  uploadedBytes: 2 ** 40,
  downloadedBytes: 7,
  leftBytes: Number.MAX_SAFE_INTEGER,
  event: 'completed' as const,
  peersWanted: 30,
  key: 0xdead_beef,
};
const reply = {
  intervalSeconds: 900,
  leechers: 5,
  seeds: 6,
  peers: Uint8Array.of(1, 2, 3, 4, 0, 80),
  peers6: new Uint8Array(0),
};

describe('UDP requests', () => {
  it('read back as they were written', () => {
    expect(readUdpRequest(writeConnectRequest(77))).toEqual({ action: 'connect', transactionId: 77 });
    expect(readUdpRequest(writeAnnounceRequest(id, 78, request))).toEqual({
      action: 'announce',
      transactionId: 78,
      connectionId: id,
      announce: request,
    });
    const infohashes = [new Uint8Array(20).fill(3), new Uint8Array(20).fill(4)];
    expect(readUdpRequest(writeScrapeRequest(id, 79, infohashes))).toEqual({
      action: 'scrape',
      transactionId: 79,
      connectionId: id,
      infohashes,
    });
  });

  it('lay out an announce as BEP 15 says', () => {
    const packet = Buffer.from(writeAnnounceRequest(id, 78, request));
    expect(packet).toHaveLength(98);
    expect([
      packet.readUInt32BE(8),
      packet.readUInt32BE(12),
      packet.readUInt32BE(80),
      packet.readUInt32BE(84),
      packet.readInt32BE(92),
      packet.readUInt16BE(96),
    ]).toEqual([1, 78, 1, 0, 30, 6881]);
  });

  it('may carry options after an announce (BEP 41)', () => {
    expect(
      readUdpRequest(Buffer.concat([writeAnnounceRequest(id, 78, request), Uint8Array.of(2, 1, 47, 0)])),
    ).toMatchObject({ announce: { port: 6881 } });
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['15 bytes', writeConnectRequest(1).subarray(0, 15)],
    ['a connect without the protocol id', new Uint8Array(16)],
    ['an announce that is cut', writeAnnounceRequest(id, 1, request).subarray(0, 97)],
    [
      'an unknown event',
      Buffer.concat([
        writeAnnounceRequest(id, 1, request).subarray(0, 80),
        Uint8Array.of(0, 0, 0, 5),
        new Uint8Array(14),
      ]),
    ],
    ['an unknown action', Buffer.concat([id, Uint8Array.of(0, 0, 0, 9), new Uint8Array(4)])],
    ['a scrape of nothing', writeScrapeRequest(id, 1, [])],
    [
      'a scrape of 71',
      writeScrapeRequest(
        id,
        1,
        Array.from({ length: 71 }, () => new Uint8Array(20)),
      ),
    ],
    ['a scrape that is cut', writeScrapeRequest(id, 1, [new Uint8Array(20)]).subarray(0, 35)],
    ['a packet without end', new Uint8Array(3000)],
  ])('are nothing when they are %s', (_, packet) => {
    expect(readUdpRequest(packet)).toBeUndefined();
  });
});

describe('UDP replies', () => {
  it('read back as they were written', () => {
    expect(readUdpReply(writeConnectReply(77, id), 'ipv4')).toEqual({
      action: 'connect',
      transactionId: 77,
      connectionId: id,
    });
    expect(readUdpReply(writeAnnounceReply(78, reply, 'ipv4'), 'ipv4')).toEqual({
      action: 'announce',
      transactionId: 78,
      reply,
    });
    const entry = { infohash: new Uint8Array(20), seeds: 1, completed: 2, leechers: 3 };
    expect(readUdpReply(writeScrapeReply(79, [entry, undefined]), 'ipv4')).toEqual({
      action: 'scrape',
      transactionId: 79,
      counts: [
        { seeds: 1, completed: 2, leechers: 3 },
        { seeds: 0, completed: 0, leechers: 0 },
      ],
    });
    expect(readUdpReply(writeErrorReply(80, 'no', 100), 'ipv4')).toEqual({
      action: 'error',
      transactionId: 80,
      message: 'no',
    });
  });

  it('cut an error to the length that is allowed', () => {
    expect(writeErrorReply(1, 'x'.repeat(100), 16)).toHaveLength(16);
  });

  it('carry the peers of the socket that is asked', () => {
    const both = { ...reply, peers6: new Uint8Array(36) };
    expect(writeAnnounceReply(1, both, 'ipv6')).toHaveLength(20 + 36);
    expect(readUdpReply(writeAnnounceReply(1, both, 'ipv6'), 'ipv6')).toMatchObject({
      reply: { peers: new Uint8Array(0), peers6: new Uint8Array(36) },
    });
  });
});

describe('UDP readers', () => {
  it('never throw, whatever comes', () => {
    const samples = [
      writeConnectRequest(1),
      writeAnnounceRequest(id, 1, request),
      writeScrapeRequest(id, 1, [new Uint8Array(20)]),
      writeAnnounceReply(1, reply, 'ipv4'),
    ];
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat())
      .map(([sample, at, byte, end]) => {
        const bytes = sample.slice();
        bytes[at % bytes.length] = byte;
        return bytes.subarray(0, end % (bytes.length + 1));
      });
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated),
        fc.constantFrom('ipv4' as const, 'ipv6' as const),
        (packet, family) => {
          readUdpRequest(packet);
          readUdpReply(packet, family);
        },
      ),
    );
  });
});
