import { encode } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peersOf } from './compact-peers.ts';
import {
  encodeAnnounceReply,
  encodeFailure,
  encodeScrapeReply,
  parseAnnounceReply,
  parseScrapeReply,
  REPLY_PEERS_MAX,
} from './http-reply.ts';
import { TrackerError } from './tracker-error.ts';

const counts = { intervalSeconds: 900, seeds: 3, leechers: 4 };
const none = new Uint8Array(0);

function parsed(value: Parameters<typeof encode>[0]): ReturnType<typeof parseAnnounceReply> {
  return parseAnnounceReply(encode(value));
}

describe('announce replies', () => {
  it('are written as BEP 3, 7, 23 and 24 say', () => {
    const reply = {
      ...counts,
      minIntervalSeconds: 60,
      peers: Uint8Array.of(127, 0, 0, 1, 0, 80),
      peers6: none,
      externalAddress: Uint8Array.of(1, 2, 3, 4),
    };
    expect(Buffer.from(encodeAnnounceReply(reply)).toString('latin1')).toBe(
      'd8:completei3e11:external ip4:\x01\x02\x03\x0410:incompletei4e8:intervali900e12:min intervali60e5:peers6:\x7f\0\0\x01\0\x50e',
    );
  });

  it('read back as they were written', () => {
    const bytes = (lengthBytes: number): fc.Arbitrary<Uint8Array> =>
      fc
        .array(fc.uint8Array({ minLength: lengthBytes, maxLength: lengthBytes }), { maxLength: 20 })
        .map((peers) => new Uint8Array(Buffer.concat(peers)));
    const replies = fc.record({
      intervalSeconds: fc.nat(),
      seeds: fc.nat(),
      leechers: fc.nat(),
      peers: bytes(6),
      peers6: bytes(18),
    });
    fc.assert(
      fc.property(replies, (reply) => {
        const again = parseAnnounceReply(encodeAnnounceReply(reply));
        expect(Buffer.from(again.peers).equals(reply.peers)).toBe(true);
        expect(Buffer.from(again.peers6).equals(reply.peers6)).toBe(true);
        expect(again).toMatchObject({
          intervalSeconds: reply.intervalSeconds,
          seeds: reply.seeds,
          leechers: reply.leechers,
        });
      }),
    );
  });

  it('may list peers as dictionaries; names and impossible ports are left out', () => {
    const peer = (ip: string, port: number): { ip: string; port: number } => ({ ip, port });
    const peers = [
      peer('10.0.0.1', 5),
      peer('::1', 6),
      peer('host.example', 7),
      peer('10.0.0.2', 0),
      peer('10.0.0.3', 70_000),
    ];
    expect(peersOf(parsed({ interval: 1, peers }))).toEqual([
      { host: '10.0.0.1', port: 5 },
      { host: '::1', port: 6 },
    ]);
  });

  it('are taken without what a tracker left out, and without half a peer', () => {
    const { peers, ...rest } = parsed({ peers: new Uint8Array(7) });
    expect(peers).toHaveLength(6);
    expect(rest).toEqual({ intervalSeconds: 0, seeds: 0, leechers: 0, peers6: none });
  });

  it('give no more peers than a client can use', () => {
    expect(parsed({ peers: new Uint8Array(6 * 10_000) }).peers).toHaveLength(6 * REPLY_PEERS_MAX);
  });

  it('carry a refusal with its reason and the time to wait', () => {
    const refuse = (value: Parameters<typeof encode>[0]): unknown => {
      try {
        return parsed(value);
      } catch (error) {
        return error;
      }
    };
    expect(refuse({ 'failure reason': 'no\x1b[31m!' })).toMatchObject({
      code: 'tracker_refused',
      message: 'announce to a tracker: it refused: no [31m!',
    });
    expect(refuse({ 'failure reason': 'x', 'retry in': '5' })).toMatchObject({ retryInSeconds: 300 });
    expect(refuse({ 'failure reason': 'x', 'retry in': 'never' })).toMatchObject({ retryInSeconds: 'never' });
    expect(refuse({ 'failure reason': 'x', 'retry in': 5 })).toMatchObject({ retryInSeconds: 300 });
    expect(Buffer.from(encodeFailure(new TrackerError('tracker_full', 'x', 61))).toString()).toContain('8:retry ini2e');
    const failure = encodeFailure(new TrackerError('torrent_unknown', 'gone', 'never'));
    expect(() => parseAnnounceReply(failure)).toThrow(expect.objectContaining({ retryInSeconds: 'never' }));
  });

  it('give a reply or a TrackerError for any bytes', () => {
    const valid = encodeAnnounceReply({
      ...counts,
      peers: new Uint8Array(12),
      peers6: new Uint8Array(18),
      warning: 'w',
    });
    const mutated = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length)).map(([at, byte, end]) => {
      const bytes = valid.slice();
      bytes[at] = byte;
      return bytes.subarray(0, end);
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
        for (const parse of [parseAnnounceReply, parseScrapeReply]) {
          try {
            parse(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(TrackerError);
          }
        }
      }),
    );
  });
});

describe('scrape replies', () => {
  it('read back as they were written, without torrents that are not tracked', () => {
    const infohash = Uint8Array.from({ length: 20 }, (_, index) => 255 - index);
    const entry = { infohash, seeds: 1, leechers: 2, completed: 3 };
    expect(parseScrapeReply(encodeScrapeReply([undefined, entry]))).toEqual([entry]);
  });
});
