import { Buffer } from 'node:buffer';

import { decode, type Encodable, encode } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DHT_PACKET_BYTES_MAX, DHT_REPLY_BYTES_MAX, isDhtPacket, trimDhtReply } from './dht-packet.ts';

const ID = new Uint8Array(20).fill(7);
const query = (method: string, given: Record<string, Encodable>): Uint8Array =>
  encode({ t: 'aa', y: 'q', q: method, a: { id: ID, ...given } });
const reply = (given: Record<string, Encodable>): Uint8Array => encode({ t: 'aa', y: 'r', r: { id: ID, ...given } });

const GOOD: [claim: string, packet: Uint8Array][] = [
  ['a ping', query('ping', {})],
  ['a find_node', query('find_node', { target: ID })],
  ['a get_peers', query('get_peers', { info_hash: ID, want: ['n4', 'n6'] })],
  ['an announce_peer', query('announce_peer', { info_hash: ID, port: 6881, token: 'abcd' })],
  ['an announce of the own port', query('announce_peer', { info_hash: ID, implied_port: 1, token: 'abcd' })],
  ['a reply with nodes', reply({ nodes: new Uint8Array(52), token: 'abcd' })],
  ['a reply with peers', reply({ values: [new Uint8Array(6), new Uint8Array(6)] })],
  ['an error', encode({ t: 'aa', y: 'e', e: [201, 'Generic Error'] })],
];

// Each of these ends a process that hands it to bittorrent-dht 11 as it comes, or makes it remember nonsense.
const BAD: [claim: string, packet: Uint8Array][] = [
  ['a string of negative length in a list', Buffer.from('l-3:e')],
  ['an infohash that is a number', query('get_peers', { info_hash: 99 })],
  ['a target that is a number', query('find_node', { target: 5 })],
  ['a token that is a number', query('announce_peer', { info_hash: ID, port: 6881, token: 5 })],
  ['an announce without a port', query('announce_peer', { info_hash: ID, token: 'abcd' })],
  ['an announce of port 65536', query('announce_peer', { info_hash: ID, port: 65_536, token: 'abcd' })],
  ['an id of another length', encode({ t: 'aa', y: 'q', q: 'ping', a: { id: 'short' } })],
  ['arguments in a prototype', query('ping', { ['__proto__']: 'x' })],
  ['a query of the storage', query('put', { token: 'abcd', v: 'x'.repeat(900) })],
  ['a query without arguments', encode({ t: 'aa', y: 'q', q: 'ping' })],
  ['peers of another length', reply({ values: ['1234567'] })],
  ['half a node', reply({ nodes: new Uint8Array(27) })],
  ['no transaction', encode({ y: 'q', q: 'ping', a: { id: ID } })],
  ['a transaction of 33 bytes', encode({ t: 'a'.repeat(33), y: 'q', q: 'ping', a: { id: ID } })],
  ['an error that is no list', encode({ t: 'aa', y: 'e', e: 'no' })],
  ['a packet that is too long', query('ping', { v: new Uint8Array(DHT_PACKET_BYTES_MAX) })],
];

describe('isDhtPacket()', () => {
  it.each(GOOD)('takes %s', (_claim, packet) => {
    expect(isDhtPacket(packet)).toBe(true);
  });

  it.each(BAD)('refuses %s', (_claim, packet) => {
    expect(isDhtPacket(packet)).toBe(false);
  });

  it('answers for any bytes, and for any change of a good packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(typeof isDhtPacket(bytes)).toBe('boolean');
      }),
    );
    const good = fc.constantFrom(...GOOD.map(([, packet]) => packet));
    fc.assert(
      fc.property(good, fc.nat(200), fc.integer({ min: 0, max: 255 }), (packet, offset, byte) => {
        const changed = packet.slice();
        changed[offset % changed.length] = byte;
        expect(typeof isDhtPacket(changed)).toBe('boolean');
      }),
    );
  });
});

describe('trimDhtReply()', () => {
  it('keeps as many peers as there is room for', () => {
    const peers = Array.from({ length: 5000 }, (_, index) => Uint8Array.of(10, 0, index >> 8, index & 255, 26, 225));
    const packet = trimDhtReply(reply({ token: 'abcd', values: peers }));
    expect(packet.length).toBeLessThanOrEqual(DHT_REPLY_BYTES_MAX);
    expect(packet.length).toBeGreaterThan(DHT_REPLY_BYTES_MAX - 16);
    expect(isDhtPacket(packet)).toBe(true);
    expect(packet).toEqual(reply({ token: 'abcd', values: peers.slice(0, keptPeers(packet)) }));
  });

  it('leaves other packets as they are', () => {
    for (const packet of [...GOOD, ...BAD].map(([, bytes]) => bytes)) expect(trimDhtReply(packet)).toEqual(packet);
  });
});

function keptPeers(packet: Uint8Array): number {
  const message = decode(packet);
  const given = message.kind === 'dictionary' ? message.entries.get('r') : undefined;
  const values = given?.kind === 'dictionary' ? given.entries.get('values') : undefined;
  return values?.kind === 'list' ? values.items.length : 0;
}
