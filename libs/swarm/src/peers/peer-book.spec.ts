import { describe, expect, it } from 'vitest';

import { canonicalPriority } from './canonical-priority.ts';
import { Host } from './host.ts';
import { HostQuota } from './host-quota.ts';
import type { PeerAddress } from './peer-address.ts';
import {
  CONNECTIONS_PER_HOST_MAX,
  CONNECTIONS_PER_SUBNET_MAX,
  DIALS_MAX,
  HEARSAY_PEERS_MAX,
  HEARSAY_PER_SOURCE_MAX,
  KNOWN_PEERS_MAX,
  KNOWN_PER_HOST_MAX,
  KNOWN_PER_SUBNET_MAX,
  PeerBook,
} from './peer-book.ts';

const address = { host: '10.0.0.1', port: 1 };
const liar = { name: 'liar', host: new Host('203.0.113.9') };

function newBook(): PeerBook {
  return new PeerBook(
    new HostQuota({ perHostMax: CONNECTIONS_PER_HOST_MAX, perSubnetMax: CONNECTIONS_PER_SUBNET_MAX }),
  );
}

function publicAddress(index: number): PeerAddress {
  return { host: `45.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 6881 };
}

describe('PeerBook', () => {
  it('tries a lost peer again, later each time', () => {
    const book = newBook();
    book.add(address, 'found', 0);
    let nowMs = 0;
    const waits: number[] = [];
    for (let failure = 0; failure < 3; failure += 1) {
      expect(book.take(0, nowMs)).toEqual([address]);
      expect(book.take(0, nowMs)).toEqual([]);
      book.lost(address, 'unreachable', nowMs);
      const lostMs = nowMs;
      while (book.take(0, nowMs).length === 0) nowMs += 500;
      waits.push(nowMs - lostMs);
      book.lost(address, 'closed', nowMs);
      nowMs += 60_000;
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });

  it.each(['named', 'lan', 'found'] as const)(
    'avoids a %s peer that breaks the protocol for longer each time',
    (origin) => {
      const book = newBook();
      book.add(address, origin, 0);
      let nowMs = 0;
      const waits: number[] = [];
      for (let breach = 0; breach < 12; breach += 1) {
        expect(book.take(0, nowMs)).toEqual([address]);
        book.connected(address);
        book.lost(address, 'broken', nowMs);
        const lostMs = nowMs;
        while (book.take(0, nowMs).length === 0) nowMs += 1000;
        waits.push(nowMs - lostMs);
        // What it sends in between makes up for nothing.
        book.connected(address);
        book.lost(address, 'closed', nowMs);
        nowMs += 10 * 60_000;
      }
      expect(waits.slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000]);
      expect(waits.at(-1)).toBe(10 * 60_000);
    },
  );

  it.each([0, -1, 65_536])('takes in nobody at port %i', (port) => {
    const book = newBook();
    book.add({ ...address, port }, 'named', 0);
    expect(book.found()).toEqual([]);
  });

  it('never gives an excluded peer again', () => {
    const book = newBook();
    book.add(address, 'named', 0);
    book.exclude(address);
    expect(book.take(0, 1e9)).toEqual([]);
    expect(book.hasCandidates).toBe(false);
  });

  it('dials the local network first, then whom the user named, then the nearest, then who gave most', () => {
    const book = newBook();
    book.weAre({ host: new Host('198.51.100.7'), port: 1 }, [new Host('198.51.100.7'), new Host('2001:db8:1:2::7')]);
    const far = { host: '203.0.113.1', port: 1 };
    const generous = { host: '203.0.113.2', port: 1 };
    const sameNetwork = { host: '198.51.7.7', port: 1 };
    const sameSubnet = { host: '2001:db8:1:2::8', port: 1 };
    const named = { host: '192.0.2.1', port: 1 };
    const lan = { host: '192.168.1.5', port: 1 };
    book.add(far, 'found', 0);
    book.add(generous, 'found', 0);
    book.gave(generous, 1e6);
    book.add(sameNetwork, 'found', 0);
    book.add(sameSubnet, 'found', 0);
    book.add(named, 'named', 0);
    book.add(lan, 'lan', 0);
    const order = book.take(0, 0);
    // The fourth goes to the best by canonical priority, wherever it is.
    expect(order.slice(0, 3)).toEqual([lan, named, sameSubnet]);
    const rest = order.slice(3);
    expect(rest).toHaveLength(3);
    if (rest[0] !== sameNetwork && rest[0] !== generous) expect(rest.slice(1)).toEqual([sameNetwork, generous]);
  });

  it('prefers who gave more before among those who are as near', () => {
    const book = newBook();
    const [idle, generous] = [1, 2].map((last) => ({ host: `203.0.113.${last}`, port: 1 }));
    if (!idle || !generous) return;
    for (const each of [idle, generous]) book.add(each, 'found', 0);
    book.gave(generous, 1e6);
    expect(book.take(0, 0)).toEqual([generous, idle]);
  });

  it('dials strangers by canonical priority (BEP 40)', () => {
    const book = newBook();
    const own = { host: new Host('198.51.100.7'), port: 6881 };
    book.weAre(own, [own.host]);
    const strangers = Array.from({ length: DIALS_MAX }, (_, index) => publicAddress(index * 65_536));
    for (const stranger of strangers) book.add(stranger, 'found', 0);
    const priority = ({ host, port }: PeerAddress): number => canonicalPriority(own, { host: new Host(host), port });
    expect(book.take(0, 0)).toEqual(strangers.toSorted((a, b) => priority(b) - priority(a)));
  });

  it('goes to whoever is best wherever he is now and then, or near ones would make an island', () => {
    const book = newBook();
    const own = { host: new Host('198.51.100.7'), port: 6881 };
    book.weAre(own, [own.host]);
    for (let last = 10; last < 30; last += 1) book.add({ host: `198.51.100.${last}`, port: 6881 }, 'found', 0);
    const far = publicAddress(0);
    book.add(far, 'found', 0);
    // All but the stranger were tried once in vain.
    for (let last = 10; last < 30; last += 1) book.lost({ host: `198.51.100.${last}`, port: 6881 }, 'unreachable', 0);
    expect(book.take(0, 60_000).indexOf(far)).toBe(3);
  });

  it('believes a teller only so much', () => {
    const book = newBook();
    for (let index = 0; index < 1000; index += 1) book.add(publicAddress(index * 256), 'pex', 0, liar);
    expect(book.found()).toHaveLength(HEARSAY_PER_SOURCE_MAX);
    const truth = { host: '91.1.1.1', port: 1 };
    book.add(truth, 'pex', 0, { name: 'honest', host: new Host('91.1.1.2') });
    expect(book.found()).toContainEqual({ ...truth, origin: 'pex' });
  });

  it('keeps room for trackers however many tellers there are', () => {
    const book = newBook();
    for (let index = 0; index < 5000; index += 1) {
      book.add(publicAddress(index * 256), 'pex', 0, { ...liar, name: `liar ${index % 100}` });
    }
    expect(book.found()).toHaveLength(HEARSAY_PEERS_MAX);
    for (let index = 5000; index < 10_000; index += 1) book.add(publicAddress(index * 256), 'found', 0);
    expect(book.found()).toHaveLength(KNOWN_PEERS_MAX);
    const found = new Set(book.found().map(({ host }) => host));
    expect(found.has(publicAddress(6999 * 256).host)).toBe(true);
  });

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '::1'],
    ['the local network', '192.168.1.1'],
    ['the local network', 'fe80::1'],
    ['nowhere', '0.0.0.0'],
    ['nowhere', '224.0.0.1'],
    ['a name', 'intranet'],
  ])('is not sent to %s (%s) by a stranger', (_, host) => {
    const book = newBook();
    book.add({ host, port: 80 }, 'pex', 0, liar);
    expect(book.found()).toEqual([]);
  });

  it('caps fake peers of one host and of one subnet, and takes many players behind one local address', () => {
    const book = newBook();
    for (let port = 1; port <= 500; port += 1) book.add({ host: '203.0.113.1', port }, 'found', 0);
    expect(book.found()).toHaveLength(KNOWN_PER_HOST_MAX);
    for (let host = 2; host < 250; host += 1) book.add({ host: `203.0.113.${host}`, port: 1 }, 'found', 0);
    expect(book.found()).toHaveLength(KNOWN_PER_SUBNET_MAX);
    for (let port = 1; port <= 60; port += 1) book.add({ host: '2001:db8::1', port }, 'found', 0);
    expect(book.found()).toHaveLength(KNOWN_PER_SUBNET_MAX + KNOWN_PER_HOST_MAX);
    const local = newBook();
    for (let port = 1; port <= 500; port += 1) local.add({ host: '127.0.0.1', port }, 'found', 0);
    expect(local.found()).toHaveLength(500);
  });

  it('dials no more of one host than connections to it are kept', () => {
    const book = newBook();
    for (let port = 1; port <= 30; port += 1) book.add({ host: '203.0.113.1', port }, 'found', 0);
    const dialled: PeerAddress[] = [];
    for (let round = 0; round < 5; round += 1) {
      const taken = book.take(0, round * 1e6);
      dialled.push(...taken);
      for (const each of taken) book.lost(each, 'unreachable', round * 1e6);
    }
    expect(book.take(0, 1e9).length).toBeLessThanOrEqual(CONNECTIONS_PER_HOST_MAX);
    expect(dialled.length).toBeGreaterThan(0);
  });

  it('forgets what its teller says has left, when nobody met it and it did not answer', () => {
    const book = newBook();
    const [silent, met] = [publicAddress(1), publicAddress(2)];
    for (const each of [silent, met]) book.add(each, 'pex', 0, liar);
    book.take(0, 0);
    book.lost(silent, 'unreachable', 0);
    book.connected(met);
    book.lost(met, 'closed', 0);
    for (const each of [silent, met]) book.dropped(each, 'somebody else');
    expect(book.found()).toHaveLength(2);
    for (const each of [silent, met]) book.dropped(each, liar.name);
    expect(book.found()).toEqual([{ ...met, origin: 'pex' }]);
  });
});
