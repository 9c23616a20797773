import { Buffer } from 'node:buffer';

import { decode, type Encodable, encode } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packDhtContacts, readDhtContacts } from './dht-contact.ts';
import {
  askForNodes,
  DHT_PACKET_BYTES_MAX,
  DHT_REPLY_BYTES_MAX,
  type DhtMessage,
  type DhtReply,
  encodeDhtReply,
  readDhtMessage,
} from './dht-message.ts';

const ID = new Uint8Array(20).fill(7);
const TRANSACTION = Uint8Array.of(97, 97);
/** What is read are views of the packet: of a Buffer, they would equal no other bytes. */
const read = (packet: Uint8Array): DhtMessage | undefined => readDhtMessage(new Uint8Array(packet));
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
  ['a reply with nodes of both DHTs', reply({ nodes: new Uint8Array(26), nodes6: new Uint8Array(76) })],
  ['a reply with peers', reply({ values: [new Uint8Array(6), new Uint8Array(18), new Uint8Array(6)] })],
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
  ['peers that are no list', reply({ values: '123456' })],
  ['a peer that is a number', reply({ values: [new Uint8Array(6), 7] })],
  ['half a node', reply({ nodes: new Uint8Array(27) })],
  ['half a node of the IPv6 DHT', reply({ nodes6: new Uint8Array(52) })],
  ['nodes that are a list', reply({ nodes6: [new Uint8Array(38)] })],
  ['no transaction', encode({ y: 'q', q: 'ping', a: { id: ID } })],
  ['a transaction of 33 bytes', encode({ t: 'a'.repeat(33), y: 'q', q: 'ping', a: { id: ID } })],
  ['an error that is no list', encode({ t: 'aa', y: 'e', e: 'no' })],
  ['a packet that is too long', query('ping', { v: new Uint8Array(DHT_PACKET_BYTES_MAX) })],
];

describe('readDhtMessage()', () => {
  it.each(GOOD)('takes %s', (_claim, packet) => {
    expect(read(packet)?.transaction).toEqual(TRANSACTION);
  });

  it.each(BAD)('refuses %s', (_claim, packet) => {
    expect(read(packet)).toBeUndefined();
  });

  it('tells the families of a mixed list of peers apart (BEP 32)', () => {
    const [four, six] = [new Uint8Array(6).fill(4), new Uint8Array(18).fill(6)];
    expect(read(reply({ values: [four, six, four] }))).toMatchObject({
      peers: { ipv4: [four, four], ipv6: [six] },
    });
  });

  it.each<[string, Record<string, Encodable>, readonly string[] | undefined]>([
    ['nothing', {}, undefined],
    ['IPv6', { want: ['n6'] }, ['ipv6']],
    ['both, and what is not known', { want: ['n6', 'n8', 'n4', 7] }, ['ipv4', 'ipv6']],
    ['nothing in a way that is not of the proposal', { want: 3 }, undefined],
  ])('hears who wants %s', (_claim, given, want) => {
    expect(read(query('get_peers', { info_hash: ID, ...given }))).toMatchObject({ want });
  });

  it('answers for any bytes, and for any change of a good packet', () => {
    const expectAnswer = (bytes: Uint8Array): void => {
      expect(['object', 'undefined']).toContain(typeof readDhtMessage(bytes));
      expect(askForNodes(bytes, ['ipv6'])).toBeInstanceOf(Uint8Array);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), expectAnswer));
    const good = fc.constantFrom(...GOOD.map(([, packet]) => packet));
    fc.assert(
      fc.property(good, fc.nat(200), fc.integer({ min: 0, max: 255 }), (packet, offset, byte) => {
        const changed = packet.slice();
        changed[offset % changed.length] = byte;
        expectAnswer(changed);
      }),
    );
  });
});

describe('encodeDhtReply()', () => {
  const plain: DhtReply = { kind: 'reply', transaction: TRANSACTION, id: ID, nodes: {}, peers: {} };

  it('writes what readDhtMessage() reads', () => {
    const full: DhtReply = {
      ...plain,
      token: Uint8Array.of(1, 2, 3),
      nodes: { ipv4: new Uint8Array(26).fill(1), ipv6: new Uint8Array(38).fill(2) },
      peers: { ipv6: [new Uint8Array(18).fill(3), new Uint8Array(18).fill(4)] },
    };
    for (const each of [plain, full]) expect(read(encodeDhtReply(each, new Uint8Array(18)))).toEqual(each);
  });

  it('tells the asker its address (BEP 42)', () => {
    const message = decode(encodeDhtReply(plain, Uint8Array.of(192, 0, 2, 7, 26, 225)));
    expect(message.kind === 'dictionary' && message.get('ip')).toMatchObject({ kind: 'string', lengthBytes: 6 });
  });

  it.each([
    ['ipv4', 6],
    ['ipv6', 18],
  ] as const)('keeps as many %s peers as there is room for, the first', (family, peerBytes) => {
    const peers = Array.from({ length: 500 }, (_, index) => new Uint8Array(peerBytes).fill(index));
    const nodes = { ipv4: new Uint8Array(8 * 26), ipv6: new Uint8Array(8 * 38) };
    for (const each of [{ ...plain, nodes }, plain]) {
      const packet = encodeDhtReply({ ...each, peers: { [family]: peers } }, new Uint8Array(peerBytes));
      expect(packet.length).toBeLessThanOrEqual(DHT_REPLY_BYTES_MAX);
      expect(packet.length).toBeGreaterThan(DHT_REPLY_BYTES_MAX - 24);
      const message = read(packet);
      const kept = (message?.kind === 'reply' && message.peers[family]) || expect.fail();
      expect(kept).toEqual(peers.slice(0, kept.length));
    }
  });
});

describe('askForNodes()', () => {
  it('adds what is wanted to a query, in place of what was', () => {
    const given = { info_hash: ID, noseed: 1 };
    const wanted = query('get_peers', { ...given, want: ['n4', 'n6'] });
    expect(askForNodes(query('get_peers', given), ['ipv4', 'ipv6'])).toEqual(wanted);
    expect(askForNodes(query('get_peers', { ...given, want: ['n6'] }), ['ipv4', 'ipv6'])).toEqual(wanted);
  });

  it('leaves other packets as they are', () => {
    for (const packet of [reply({}), Buffer.from('l-3:e')]) expect(askForNodes(packet, ['ipv6'])).toBe(packet);
  });
});

describe('readDhtContacts()', () => {
  it('reads what packDhtContacts() wrote, without those that have no port', () => {
    const contacts = [0, 7, 256].map((port) => ({
      id: ID,
      place: Uint8Array.of(...new Uint8Array(16).fill(port), port >> 8, port & 255),
    }));
    const bytes = new Uint8Array(packDhtContacts(contacts));
    expect(readDhtContacts(bytes, 'ipv6')).toEqual(contacts.slice(1));
    expect(readDhtContacts(bytes.subarray(0, 75), 'ipv6')).toEqual([]);
  });
});
