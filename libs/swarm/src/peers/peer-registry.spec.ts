import { describe, expect, it } from 'vitest';

import { canonicalPriority } from './canonical-priority.ts';
import { Host } from './host.ts';
import { CONNECTIONS_MAX, CONNECTIONS_PER_HOST_MAX } from './peer-book.ts';
import { IDLE_CONNECTION_MS, type NewPeer, PeerRegistry } from './peer-registry.ts';

const capabilities = { extensions: true, fast: true, v2: true };

function newRegistry(): PeerRegistry {
  return new PeerRegistry({ ownId: 'our id', pieceCount: 8, listenPort: 6881, ownHosts: ['198.51.100.1'] });
}

function incoming(id: number, host: string): NewPeer {
  return { peerId: `id ${id}`, capabilities, direction: 'incoming', host };
}

function fill(registry: PeerRegistry, nowMs = 0): void {
  for (let id = 0; id < CONNECTIONS_MAX; id += 1) registry.add(incoming(id, `203.0.${id}.1`), nowMs);
}

describe('PeerRegistry', () => {
  it('takes several players behind one address, and no fleet', () => {
    const registry = newRegistry();
    for (let id = 0; id < CONNECTIONS_PER_HOST_MAX; id += 1) {
      expect(registry.refusalOf(incoming(id, '203.0.113.1'), 0)).toBeUndefined();
      registry.add(incoming(id, '203.0.113.1'), 0);
    }
    expect(registry.refusalOf(incoming(99, '203.0.113.1'), 0)).toBe('too_many_connections');
    expect(registry.refusalOf(incoming(99, '203.0.113.2'), 0)).toBeUndefined();
  });

  it('makes room for a nearer peer when it is full, at the cost of an idle one', () => {
    const registry = newRegistry();
    fill(registry);
    const near = incoming(100, '198.51.100.9');
    expect(registry.refusalOf(near, 0)).toBe('too_many_connections');
    const idle = registry.replacedBy(near, IDLE_CONNECTION_MS);
    expect(idle?.host).toMatch(/^203\.0\./);
    expect(registry.refusalOf(near, IDLE_CONNECTION_MS)).toBeUndefined();
  });

  it('makes no room for a stranger when those who are idle are near', () => {
    const registry = newRegistry();
    for (let id = 0; id < CONNECTIONS_MAX; id += 1) registry.add(incoming(id, `198.51.100.${id + 2}`), 0);
    for (let id = 0; id < 20; id += 1) {
      const stranger = incoming(100 + id, `203.0.${id}.1`);
      expect(registry.refusalOf(stranger, IDLE_CONNECTION_MS)).toBe('too_many_connections');
    }
  });

  it('makes room among strangers by canonical priority (BEP 40)', () => {
    const registry = newRegistry();
    fill(registry);
    const own = { host: new Host('198.51.100.1'), port: 6881 };
    const priority = (host: string): number => canonicalPriority(own, { host: new Host(host), port: 0 });
    const lowest = Math.min(...[...registry.peers.values()].map(({ host }) => priority(host)));
    const hosts = Array.from({ length: 100 }, (_, id) => `192.${id}.2.1`);
    const better = hosts.find((host) => priority(host) > lowest) ?? '';
    const worse = hosts.find((host) => priority(host) < lowest);
    const replaced = registry.replacedBy(incoming(100, better), IDLE_CONNECTION_MS);
    expect(priority(replaced?.host ?? '')).toBe(lowest);
    expect(worse === undefined || registry.replacedBy(incoming(101, worse), IDLE_CONNECTION_MS)).toBeTruthy();
  });

  it('keeps connections on which something moves', () => {
    const registry = newRegistry();
    fill(registry);
    for (const peer of registry.peers.values()) peer.sent.add(16_384, IDLE_CONNECTION_MS);
    expect(registry.refusalOf(incoming(100, '198.51.100.9'), IDLE_CONNECTION_MS)).toBe('too_many_connections');
  });

  it('believes where most peers see it, one voice for each host', () => {
    const registry = newRegistry();
    const peers = [1, 2, 3].map((id) => registry.add(incoming(id, `203.0.${Math.min(id, 2)}.1`), 0));
    const [honest, liar, sameLiar] = peers;
    if (!honest || !liar || !sameLiar) return;
    registry.learnOwnHost(honest, '198.51.100.1');
    for (const peer of [liar, sameLiar, liar]) registry.learnOwnHost(peer, '192.0.2.66');
    expect(registry.own.endpoint?.host.text).toBe('198.51.100.1');
    registry.learnOwnHost(registry.add(incoming(4, '203.0.9.1'), 0), '192.0.2.66');
    expect(registry.own.endpoint?.host.text).toBe('192.0.2.66');
  });

  it('dials an incoming peer again after it left, where it said that it listens', () => {
    const registry = newRegistry();
    const peer = registry.add(incoming(1, '203.0.113.1'), 0);
    const address = { host: '203.0.113.1', port: 7000 };
    expect(registry.learnAddress(peer, address, 0)).toBe(true);
    expect(registry.book.take(1, 0)).toEqual([]);
    registry.remove(peer, 'closed', 0);
    expect(registry.book.take(0, 60_000)).toEqual([address]);
  });

  it('refuses who is at a banned address, under whatever name it comes', () => {
    const registry = newRegistry();
    const address = { host: '203.0.113.1', port: 7000 };
    const liar = registry.add({ ...incoming(1, address.host), address }, 0);
    registry.ban(liar.number, 0);
    registry.remove(liar, 'closed', 0);
    expect(registry.refusalOf({ ...incoming(2, address.host), direction: 'outgoing', address }, 0)).toBe(
      'sent_bad_pieces',
    );
    const other = registry.add(incoming(3, address.host), 0);
    expect(registry.learnAddress(other, address, 0)).toBe(false);
    expect(registry.book.take(0, 1e9)).toEqual([]);
  });

  it('comes back soon to who was of use, and later each time to who hangs up first', () => {
    const registry = newRegistry();
    const address = { host: '203.0.113.1', port: 7000 };
    const waitAfter = (payloadBytes: number): number => {
      const peer = registry.add({ ...incoming(1, address.host), direction: 'outgoing', address }, 0);
      peer.sent.add(payloadBytes, 0);
      registry.remove(peer, 'closed', 0);
      let nowMs = 0;
      while (registry.book.take(0, nowMs).length === 0) nowMs += 100;
      return nowMs;
    };
    registry.book.add(address, 'named', 0);
    const fruitless = [0, 0, 0, 0].map(waitAfter);
    expect(fruitless).toEqual([...new Set(fruitless)].toSorted((a, b) => a - b));
    expect(waitAfter(16_384)).toBe(fruitless[0]);
  });
});
