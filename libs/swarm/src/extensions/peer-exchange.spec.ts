import {
  encodePexMessage,
  parseExtensionHandshake,
  parsePexMessage,
  PEX_CONTACTS_MAX,
  PEX_FLAGS,
  type PexMessage,
} from '@swarmpatch/peer-wire';
import { parseIpAddress } from '@swarmpatch/tracker';
import { describe, expect, it } from 'vitest';

import type { Swarm } from '../swarm.ts';
import { PEX_INTERVAL_MS, PEX_MESSAGES_PER_MINUTE_MAX } from './peer-exchange.ts';
import { PEX_RECENT_CONTACTS_MAX } from './pex-contacts.ts';
import { ALL, dials, disconnects, extended, meet, newSwarm, OURS, say, torrent } from './extension-swarm.contract.ts';

function contact(host: string, port = 6881): { address: Uint8Array; port: number; flags: number } {
  return { address: parseIpAddress(host) ?? new Uint8Array(4), port, flags: 0 };
}

/** What a peer is told in one tick. */
function toldTo(swarm: Swarm, peer: number, nowMs: number): PexMessage | undefined {
  swarm.tick(nowMs);
  const [payload] = extended(swarm.drain(nowMs), peer, 11);
  return payload && parsePexMessage(payload);
}

describe('PeerExchange', () => {
  it('tells of peers that can be dialled, once, and of those that left', () => {
    const swarm = newSwarm();
    const listener = meet(swarm, { host: '10.0.0.1' });
    const address = { host: '10.0.0.2', port: 7000 };
    const dialled = meet(swarm, { address });
    meet(swarm, { host: '10.0.0.3' });
    const said = meet(swarm, { host: 'fd00::4' }, { listenPort: 7001 });
    swarm.drain(0);
    const first = toldTo(swarm, listener, 5_000);
    expect(first?.added.map(({ port, flags }) => [port, flags])).toEqual([
      [7000, PEX_FLAGS.reachable],
      [7001, 0],
    ]);
    expect(first?.added[1]?.address.join()).toBe(parseIpAddress('fd00::4')?.join());
    expect(first?.dropped).toEqual([]);
    swarm.peerDisconnected(dialled, 10_000);
    expect(toldTo(swarm, listener, 20_000)).toBeUndefined();
    const second = toldTo(swarm, listener, 5_000 + PEX_INTERVAL_MS);
    expect(second?.added).toEqual([]);
    expect(second?.dropped.map(({ port }) => port)).toEqual([7000]);
    swarm.peerDisconnected(said, 70_000);
    expect(toldTo(swarm, listener, 5_000 + 2 * PEX_INTERVAL_MS)?.dropped.map(({ port }) => port)).toEqual([7001]);
  });

  it('tells of 50 at a time', () => {
    const swarm = newSwarm();
    const listener = meet(swarm, { host: '10.1.0.1' });
    for (let port = 1; port <= 60; port += 1) meet(swarm, { address: { host: '10.2.0.1', port } });
    expect(toldTo(swarm, listener, 5_000)?.added).toHaveLength(PEX_CONTACTS_MAX);
    expect(toldTo(swarm, listener, 5_000 + PEX_INTERVAL_MS)?.added).toHaveLength(10);
  });

  it('tells, once, of good peers that it had nothing to exchange with', () => {
    const swarm = newSwarm({ have: ALL });
    const [listener, late] = [meet(swarm, { host: '10.0.0.1' }), meet(swarm, { host: '10.0.0.2' })];
    const seed = meet(swarm, { address: { host: '10.0.0.3', port: 7000 } });
    const unreliable = meet(swarm, { address: { host: '10.0.0.4', port: 7001 } });
    swarm.messageReceived(seed, { kind: 'have_all' }, 0);
    swarm.peerDisconnected(unreliable, 0);
    expect(toldTo(swarm, listener, 5_000)?.added.map(({ port, flags }) => [port, flags])).toEqual([
      [7000, PEX_FLAGS.uploadOnly | PEX_FLAGS.reachable],
    ]);
    const next = toldTo(swarm, listener, 5_000 + PEX_INTERVAL_MS);
    expect([next?.added, next?.dropped.map(({ port }) => port)]).toEqual([[], [7000]]);
    expect(toldTo(swarm, late, 5_000 + 2 * PEX_INTERVAL_MS)).toBeUndefined();
  });

  it('tells of such peers only where few others are live, and of no more than BEP 11 has', () => {
    const swarm = newSwarm({ have: ALL });
    const listener = meet(swarm, { host: '10.1.0.1' });
    const meetSeed = (host: string, port: number): void => {
      swarm.messageReceived(meet(swarm, { address: { host, port } }), { kind: 'have_all' }, 0);
    };
    for (let port = 1; port <= 40; port += 1) meetSeed('10.2.0.1', port);
    expect(toldTo(swarm, listener, 5_000)?.added).toHaveLength(PEX_RECENT_CONTACTS_MAX);
    for (let port = 1; port <= 30; port += 1) meet(swarm, { address: { host: '10.3.0.1', port } });
    for (let port = 41; port <= 50; port += 1) meetSeed('10.2.0.1', port);
    meetSeed('fd00::1', 51);
    const { added = [], dropped } = toldTo(swarm, listener, 5_000 + PEX_INTERVAL_MS) ?? {};
    expect(added.map(({ port }) => port).sort((a, b) => a - b)).toEqual(
      [...Array(30).keys()].map((n) => n + 1).concat(51),
    );
    expect(dropped).toHaveLength(PEX_RECENT_CONTACTS_MAX);
  });

  it('tells strangers nothing of the local network', () => {
    const swarm = newSwarm();
    const stranger = meet(swarm, { host: '8.8.4.4' });
    meet(swarm, { address: { host: '192.168.1.5', port: 7000 } });
    meet(swarm, { address: { host: '127.0.0.1', port: 7000 } });
    meet(swarm, { address: { host: '9.9.9.9', port: 7000 } });
    expect(toldTo(swarm, stranger, 5_000)?.added.map(({ address }) => address.join('.'))).toEqual(['9.9.9.9']);
  });

  it('dials whom a peer tells of, of both families', () => {
    const swarm = newSwarm();
    const peer = meet(swarm, { host: '127.0.0.1' });
    swarm.drain(0);
    const added = [contact('127.0.0.1', 7000), contact('::1', 7001)];
    say(swarm, peer, OURS.pex, encodePexMessage({ added, dropped: [] }));
    swarm.tick(0);
    expect(dials(swarm.drain(0))).toEqual([
      { host: '127.0.0.1', port: 7000 },
      { host: '::1', port: 7001 },
    ]);
  });

  it('ends with who tells all the time, or what is no message', () => {
    const swarm = newSwarm();
    const chatty = meet(swarm);
    const message = encodePexMessage({ added: [], dropped: [] });
    for (let count = 0; count <= PEX_MESSAGES_PER_MINUTE_MAX; count += 1) say(swarm, chatty, OURS.pex, message, count);
    expect(disconnects(swarm.drain(0))).toMatchObject([{ peer: chatty, reason: 'protocol_error' }]);
    const garbled = meet(swarm);
    say(swarm, garbled, OURS.pex, Uint8Array.of(1, 2, 3));
    expect(disconnects(swarm.drain(0))).toMatchObject([{ peer: garbled, reason: 'protocol_error' }]);
  });

  it('is not for private torrents, which know nobody but whom trackers and the user named (BEP 27)', () => {
    const swarm = newSwarm({ metainfo: torrent('private') });
    const peer = meet(swarm, { host: '10.0.0.1' });
    meet(swarm, { address: { host: '10.0.0.2', port: 7000 } });
    const [payload] = extended(swarm.drain(0), peer, 0);
    expect(payload && parseExtensionHandshake(payload).messages.has('ut_pex')).toBe(false);
    say(swarm, peer, OURS.pex, encodePexMessage({ added: [contact('10.0.0.9')], dropped: [] }));
    for (const origin of ['dht', 'lan', 'pex'] as const) swarm.peersFound([{ host: '10.0.0.8', port: 1 }], origin, 0);
    swarm.tick(0);
    expect(dials(swarm.drain(0))).toEqual([]);
    expect(toldTo(swarm, peer, 5_000)).toBeUndefined();
    swarm.peersFound([{ host: '10.0.0.7', port: 1 }], 'found', 5_000);
    swarm.tick(5_000);
    expect(dials(swarm.drain(5_000))).toEqual([{ host: '10.0.0.7', port: 1 }]);
  });
});
