import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnounceRequest } from './announce.ts';
import {
  ANNOUNCE_QUERY_CHARS_MAX,
  formatAnnounceQuery,
  parseAnnounceQuery,
  parseScrapeQuery,
  SCRAPE_TORRENTS_MAX,
} from './http-query.ts';
import { TrackerError } from './tracker-error.ts';

const INFOHASH = 'info_hash=%124Vx%9A%BC%DE%F1%23%45%67%89%AB%CD%EF%124Vx%9a';
const REST = '&peer_id=-XX0001-abcdefghijkl&port=7010&uploaded=1&downloaded=2&left=3';

const requests: fc.Arbitrary<AnnounceRequest> = fc.record(
  {
    infohash: fc.uint8Array({ minLength: 20, maxLength: 20 }),
    peerId: fc.uint8Array({ minLength: 20, maxLength: 20 }),
    port: fc.integer({ min: 1, max: 65_535 }),
    uploadedBytes: fc.maxSafeNat(),
    downloadedBytes: fc.maxSafeNat(),
    leftBytes: fc.maxSafeNat(),
    event: fc.constantFrom('started' as const, 'completed' as const, 'stopped' as const, 'paused' as const),
    peersWanted: fc.nat(1000),
  },
  { requiredKeys: ['infohash', 'peerId', 'port', 'uploadedBytes', 'downloadedBytes', 'leftBytes'] },
);

describe('parseAnnounceQuery()', () => {
  it('reads raw and percent-encoded bytes side by side', () => {
    const request = parseAnnounceQuery(`${INFOHASH}${REST}&event=started&numwant=7&compact=0&ip=8.8.8.8`);
    expect(Buffer.from(request.infohash).toString('hex')).toBe('123456789abcdef123456789abcdef123456789a');
    expect(Buffer.from(request.peerId).toString()).toBe('-XX0001-abcdefghijkl');
    expect(request).toMatchObject({
      port: 7010,
      uploadedBytes: 1,
      downloadedBytes: 2,
      leftBytes: 3,
      event: 'started',
      peersWanted: 7,
    });
    expect(JSON.stringify(request)).not.toContain('8.8.8.8');
  });

  it('takes a plus sign for itself', () => {
    const request = parseAnnounceQuery(`${INFOHASH}&peer_id=-XX0001-++++++++++++&port=1&left=0`);
    expect(Buffer.from(request.peerId).toString()).toBe('-XX0001-++++++++++++');
  });

  it.each([
    ['nothing', ''],
    ['no info_hash', REST.slice(1)],
    ['a short info_hash', `info_hash=abc${REST}`],
    ['a broken escape', `${INFOHASH.slice(0, -2)}%9${REST}`],
    ['a broken escape of other letters', `${INFOHASH.slice(0, -3)}%zz${REST}`],
    ['a short peer_id', `${INFOHASH}&peer_id=short&port=1&left=0`],
    ['no port', `${INFOHASH}&peer_id=-XX0001-abcdefghijkl&left=0`],
    ['port 0', `${INFOHASH}${REST.replace('7010', '0')}`],
    ['port 70000', `${INFOHASH}${REST.replace('7010', '70000')}`],
    ['a port with a sign', `${INFOHASH}${REST.replace('7010', '+70')}`],
    ['less than nothing left', `${INFOHASH}${REST.replace('left=3', 'left=-1')}`],
    ['no left', `${INFOHASH}${REST.replace('&left=3', '')}`],
    ['characters that are no bytes', `info_hash=${'λ'.repeat(20)}${REST}`],
    ['a query without end', `${INFOHASH}${REST}&x=${'y'.repeat(ANNOUNCE_QUERY_CHARS_MAX)}`],
  ])('refuses %s', (_, query) => {
    expect(() => parseAnnounceQuery(query)).toThrow(expect.objectContaining({ code: 'bad_announce' }));
  });

  it('reads back what formatAnnounceQuery() wrote', () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(parseAnnounceQuery(formatAnnounceQuery(request))).toEqual(request);
      }),
    );
  });

  it('gives a request or a TrackerError for any text', () => {
    const mutated = fc
      .tuple(requests.map(formatAnnounceQuery), fc.nat(), fc.string())
      .map(([query, at, insert]) => query.slice(0, at % query.length) + insert + query.slice(at % query.length));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), mutated), (query) => {
        for (const parse of [parseAnnounceQuery, parseScrapeQuery]) {
          try {
            parse(query);
          } catch (error) {
            expect(error).toBeInstanceOf(TrackerError);
          }
        }
      }),
    );
  });
});

describe('parseScrapeQuery()', () => {
  it('reads every infohash', () => {
    expect(parseScrapeQuery(`${INFOHASH}&other=1&${INFOHASH}`)).toHaveLength(2);
  });

  it('refuses a scrape of everything, of too many, and of broken names', () => {
    const many = Array.from({ length: SCRAPE_TORRENTS_MAX + 1 }, () => `info_hash=${'a'.repeat(20)}`).join('&');
    for (const query of ['', 'x=1', 'info_hash=abc', many, 'x'.repeat(10_000)]) {
      expect(() => parseScrapeQuery(query)).toThrow(expect.objectContaining({ code: 'bad_scrape' }));
    }
  });
});
