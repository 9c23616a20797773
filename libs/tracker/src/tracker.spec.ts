import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnounceReply, AnnounceRequest } from './announce.ts';
import { peersOf } from './compact-peers.ts';
import {
  PEER_SLOT_MS,
  PEER_SLOTS_KEPT,
  PEERS_PER_ADDRESS_MAX,
  PEERS_WANTED_DEFAULT,
  PEERS_WANTED_MAX,
} from './limits.ts';
import { Tracker, type TrackerOptions } from './tracker.ts';

const nowMs = Date.UTC(2026, 10, 21);
const INFOHASH = new Uint8Array(20).fill(1);

/** A small seeded generator, so that a failure can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function open(options: Partial<TrackerOptions> = {}): Tracker {
  return new Tracker({ admission: 'any', random: randomFrom(42), ...options });
}

function announce(
  tracker: Tracker,
  address: string,
  port: number,
  more: Partial<AnnounceRequest> & { atMs?: number } = {},
): AnnounceReply {
  const { atMs = nowMs, ...fields } = more;
  const request: AnnounceRequest = {
    infohash: INFOHASH,
    peerId: new Uint8Array(20),
    port,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 100,
    ...fields,
  };
  return tracker.announce(request, { address }, atMs);
}

function hostsOf(reply: AnnounceReply): string[] {
  return peersOf(reply).map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
}

describe('Tracker', () => {
  it('introduces peers to each other, but nobody to itself', () => {
    const tracker = open();
    expect(hostsOf(announce(tracker, '10.0.0.1', 7001))).toEqual([]);
    expect(hostsOf(announce(tracker, '10.0.0.2', 7002))).toEqual(['10.0.0.1:7001']);
    const reply = announce(tracker, '10.0.0.1', 7001);
    expect(hostsOf(reply)).toEqual(['10.0.0.2:7002']);
    expect(reply).toMatchObject({ seeds: 0, leechers: 2, externalAddress: Uint8Array.of(10, 0, 0, 1) });
  });

  it('gives seeds no seeds', () => {
    const tracker = open();
    announce(tracker, '10.0.0.1', 1, { leftBytes: 0 });
    announce(tracker, '10.0.0.2', 2);
    expect(hostsOf(announce(tracker, '10.0.0.3', 3, { leftBytes: 0 }))).toEqual(['10.0.0.2:2']);
    expect(hostsOf(announce(tracker, '10.0.0.2', 2)).sort()).toEqual(['10.0.0.1:1', '10.0.0.3:3']);
  });

  it('tells peers of both families of each other (BEP 7)', () => {
    const tracker = open();
    announce(tracker, '2001:db8::1', 1);
    announce(tracker, '::ffff:10.0.0.1', 2);
    const reply = announce(tracker, '2001:db8::2', 3);
    expect(hostsOf(reply).sort()).toEqual(['10.0.0.1:2', '[2001:db8::1]:1']);
    expect(reply.peers).toHaveLength(6);
    expect(reply.peers6).toHaveLength(18);
  });

  it('forgets a peer that stopped, and gives it none', () => {
    const tracker = open();
    announce(tracker, '10.0.0.1', 1);
    announce(tracker, '10.0.0.2', 2);
    expect(announce(tracker, '10.0.0.1', 1, { event: 'stopped' })).toMatchObject({
      leechers: 1,
      peers: new Uint8Array(0),
    });
    expect(hostsOf(announce(tracker, '10.0.0.2', 2))).toEqual([]);
  });

  it('counts a download once when its peer becomes a seed', () => {
    const tracker = open();
    announce(tracker, '10.0.0.1', 1);
    for (let turn = 0; turn < 3; turn += 1) announce(tracker, '10.0.0.1', 1, { leftBytes: 0, event: 'completed' });
    announce(tracker, '10.0.0.2', 2, { leftBytes: 0, event: 'completed' });
    expect(tracker.scrape([INFOHASH], nowMs)).toEqual([{ infohash: INFOHASH, seeds: 2, leechers: 0, completed: 1 }]);
  });

  it('tracks only what was published, and says so', () => {
    const tracker = open({ admission: 'published' });
    expect(() => announce(tracker, '10.0.0.1', 1)).toThrow(
      expect.objectContaining({ code: 'torrent_unknown', retryInSeconds: 900 }),
    );
    expect(tracker.scrape([INFOHASH], nowMs)).toEqual([undefined]);
    tracker.allow([INFOHASH]);
    announce(tracker, '10.0.0.1', 1);
    expect(tracker.scrape([INFOHASH], nowMs)).toMatchObject([{ leechers: 1 }]);
    tracker.disallow([INFOHASH]);
    expect(() => announce(tracker, '10.0.0.1', 1)).toThrow(expect.objectContaining({ code: 'torrent_unknown' }));
    expect(tracker.stats).toMatchObject({ torrents: 0, infohashes: 0, peers: 0, announces: 1, refusals: 2 });
  });

  it('is one swarm under both names of a hybrid', () => {
    const tracker = open({ admission: 'published' });
    const other = new Uint8Array(20).fill(2);
    tracker.allow([INFOHASH, other]);
    tracker.allow([INFOHASH, other]);
    announce(tracker, '10.0.0.1', 1);
    expect(hostsOf(announce(tracker, '10.0.0.2', 2, { infohash: other }))).toEqual(['10.0.0.1:1']);
    expect(tracker.scrape([INFOHASH, other], nowMs)).toMatchObject([{ leechers: 2 }, { leechers: 2 }]);
    expect(tracker.stats).toMatchObject({ torrents: 1, infohashes: 2, peers: 2 });
  });

  it('keeps the peers of an open torrent when it is published', () => {
    const tracker = open({ openTorrentsMax: 1 });
    announce(tracker, '10.0.0.1', 1);
    tracker.allow([INFOHASH]);
    expect(hostsOf(announce(tracker, '10.0.0.2', 2))).toEqual(['10.0.0.1:1']);
    announce(tracker, '10.0.0.1', 1, { infohash: new Uint8Array(20).fill(9) });
  });

  it('refuses port 0 and addresses that are none', () => {
    const tracker = open();
    expect(() => announce(tracker, '10.0.0.1', 0)).toThrow(expect.objectContaining({ code: 'bad_announce' }));
    expect(() => announce(tracker, 'localhost', 1)).toThrow(expect.objectContaining({ code: 'bad_address' }));
    expect(tracker.stats.peers).toBe(0);
  });

  it('forgets a silent peer, and a torrent without peers leaves memory', () => {
    const tracker = open();
    announce(tracker, '10.0.0.1', 1);
    const lateMs = nowMs + (PEER_SLOTS_KEPT - 1) * PEER_SLOT_MS;
    announce(tracker, '10.0.0.2', 2, { atMs: lateMs });
    tracker.sweep(nowMs + (PEER_SLOTS_KEPT + 1) * PEER_SLOT_MS);
    expect(tracker.stats).toMatchObject({ torrents: 1, infohashes: 1, peers: 1 });
    tracker.sweep(lateMs + (PEER_SLOTS_KEPT + 1) * PEER_SLOT_MS);
    expect(tracker.stats).toMatchObject({ torrents: 0, infohashes: 0, peers: 0 });
  });

  it('forgets everyone after a pause of any length', () => {
    for (const slots of [36, 220, 221, 255, 256, 257, 300, 512, 10_000]) {
      const tracker = open();
      announce(tracker, '10.0.0.1', 1);
      expect(hostsOf(announce(tracker, '10.0.0.2', 2, { atMs: nowMs + slots * PEER_SLOT_MS }))).toEqual([]);
    }
  });

  it('keeps everyone when the clock is set back', () => {
    const tracker = open();
    announce(tracker, '10.0.0.1', 1);
    expect(hostsOf(announce(tracker, '10.0.0.2', 2, { atMs: nowMs - 86_400_000 }))).toEqual(['10.0.0.1:1']);
  });

  it('names the nearest peers, and still some from everywhere', () => {
    const tracker = open();
    const add = (prefix: string, hosts: number): void => {
      for (let host = 1; host <= hosts; host += 1) announce(tracker, `${prefix}.${host}`, 1);
    };
    for (let net = 0; net < 40; net += 1) add(`192.${net}.3`, 30);
    for (let net = 0; net < 8; net += 1) add(`10.7.${net}`, 5);
    add('10.7.200', 8);
    const hosts = hostsOf(announce(tracker, '10.7.200.99', 1));
    expect(hosts).toHaveLength(PEERS_WANTED_DEFAULT);
    expect(new Set(hosts).size).toBe(PEERS_WANTED_DEFAULT);
    expect(hosts.slice(0, 8).every((host) => host.startsWith('10.7.200.'))).toBe(true);
    expect(hosts.filter((host) => host.startsWith('10.7.')).length).toBeGreaterThan(20);
    expect(hosts.filter((host) => host.startsWith('192.')).length).toBeGreaterThan(10);
  });

  it('gives as many peers as are wanted and there, up to its limit', () => {
    const tracker = open();
    for (let host = 0; host < 600; host += 1)
      announce(tracker, `10.${host >> 8}.${host & 255}.1`, 1, { leftBytes: host % 3 });
    const count = (peersWanted: number): number => peersOf(announce(tracker, '11.0.0.1', 1, { peersWanted })).length;
    expect([0, 1, 2, 3, 50, PEERS_WANTED_MAX].map(count)).toEqual([0, 1, 2, 3, 50, PEERS_WANTED_MAX]);
    expect(count(1_000_000)).toBe(PEERS_WANTED_MAX);
  });

  it('spreads its intervals', () => {
    const tracker = open();
    const intervals = Array.from({ length: 200 }, () => announce(tracker, '10.0.0.1', 1).intervalSeconds);
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(810);
    expect(Math.max(...intervals)).toBeLessThanOrEqual(990);
    expect(new Set(intervals).size).toBeGreaterThan(50);
  });

  it('lets one host have so many peers and no more, the oldest leaving first', () => {
    const tracker = open();
    for (let port = 1; port <= 500; port += 1)
      announce(tracker, '10.0.0.1', port, { atMs: nowMs + Math.floor(port / 100) * PEER_SLOT_MS });
    for (let host = 1; host <= 500; host += 1) announce(tracker, `2001:db8::${host.toString(16)}`, 1);
    expect(tracker.stats.peers).toBe(2 * PEERS_PER_ADDRESS_MAX);
    expect(hostsOf(announce(tracker, '10.0.0.1', 499, { peersWanted: 200 }))).not.toContain('10.0.0.1:1');
  });

  it('takes in no more peers and torrents than it may, but answers', () => {
    const tracker = open({ peersMax: 10, openTorrentsMax: 2 });
    for (let host = 1; host <= 50; host += 1) announce(tracker, `10.0.0.${host}`, 1);
    expect(tracker.stats.peers).toBe(10);
    expect(hostsOf(announce(tracker, '10.0.0.50', 1))).toHaveLength(10);
    expect(announce(tracker, '10.0.0.1', 1, { leftBytes: 0 })).toMatchObject({ seeds: 1, leechers: 9 });
    const full = open({ openTorrentsMax: 2 });
    for (const byte of [1, 2]) announce(full, '10.0.0.1', 1, { infohash: new Uint8Array(20).fill(byte) });
    expect(() => announce(full, '10.0.0.1', 1, { infohash: new Uint8Array(20).fill(3) })).toThrow(
      expect.objectContaining({ code: 'tracker_full' }),
    );
    announce(full, '10.0.0.1', 1, { event: 'stopped' });
    announce(full, '10.0.0.1', 1, { infohash: new Uint8Array(20).fill(3) });
  });

  it('counts right after any history', () => {
    const steps = fc.array(
      fc.record({
        torrent: fc.integer({ min: 1, max: 3 }),
        host: fc.integer({ min: 1, max: 12 }),
        port: fc.integer({ min: 1, max: 3 }),
        left: fc.constantFrom(0, 5),
        event: fc.constantFrom('started' as const, 'stopped' as const, 'completed' as const),
        pauseSlots: fc.constantFrom(0, 0, 0, 1, 20),
        family: fc.constantFrom('10.0.0.', '2001:db8:0:'),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (history) => {
        const tracker = open();
        const model = new Map<string, { torrent: number; slot: number; left: number }>();
        let slot = 0;
        for (const { torrent, host, port, left, event, pauseSlots, family } of history) {
          slot += pauseSlots;
          const address = family === '10.0.0.' ? `${family}${host}` : `${family}${host}::1`;
          announce(tracker, address, port, {
            infohash: new Uint8Array(20).fill(torrent),
            leftBytes: left,
            event,
            atMs: nowMs + slot * PEER_SLOT_MS,
          });
          const name = `${torrent} ${address} ${port}`;
          if (event === 'stopped') model.delete(name);
          else model.set(name, { torrent, slot, left });
        }
        tracker.sweep(nowMs + slot * PEER_SLOT_MS);
        const alive = [...model.values()].filter((peer) => slot - peer.slot <= PEER_SLOTS_KEPT);
        const torrents = new Set(alive.map((peer) => peer.torrent));
        expect(tracker.stats).toMatchObject({
          peers: alive.length,
          torrents: torrents.size,
          infohashes: torrents.size,
        });
        for (const torrent of torrents) {
          const seeds = alive.filter((peer) => peer.torrent === torrent && peer.left === 0).length;
          const leechers = alive.filter((peer) => peer.torrent === torrent && peer.left > 0).length;
          expect(tracker.scrape([new Uint8Array(20).fill(torrent)], nowMs + slot * PEER_SLOT_MS)).toMatchObject([
            { seeds, leechers },
          ]);
        }
      }),
    );
  });
});
