import { decode, type Encodable, encode } from '@swarmpatch/bencode';
import { DHT_REPLY_BYTES_MAX, type DhtFamily, type DhtReply, readDhtMessage } from '@swarmpatch/peer-wire';
import { packPeers, type PeerEndpoint, readCompactPeers } from '@swarmpatch/tracker';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DHT_OPEN_QUERIES_MAX, DHT_REPLY_NODES_MAX, DhtTranslator, type NamedNode } from './dht-translator.ts';
import { StandIns } from './stand-ins.ts';

const ID = Buffer.alloc(20, 7);
const INFOHASH = Buffer.alloc(20, 9);
const STRANGER = { host: '2a00::5', port: 7005 };

const query = (method: string, given: Record<string, Encodable> = {}, transaction = 'aa'): Uint8Array =>
  encode({ t: transaction, y: 'q', q: method, a: { id: ID, ...given } });
const getPeers = (given: Record<string, Encodable> = {}): Uint8Array =>
  query('get_peers', { info_hash: INFOHASH, ...given });
const reply = (given: Record<string, Encodable>, transaction = 'aa'): Uint8Array =>
  encode({ t: transaction, y: 'r', r: { id: ID, ...given } });

function compact(...endpoints: PeerEndpoint[]): Uint8Array {
  const { peers, peers6 } = packPeers(endpoints);
  return Buffer.concat([peers, peers6]);
}

/** Compact nodes. */
function nodes(...endpoints: PeerEndpoint[]): Uint8Array {
  return Buffer.concat(endpoints.flatMap((endpoint) => [ID, compact(endpoint)]));
}

function replyOf(packet: Uint8Array | undefined): DhtReply {
  const message = packet && readDhtMessage(new Uint8Array(packet));
  return message?.kind === 'reply' ? message : expect.fail();
}

function endpointsOf(compactNodes: Uint8Array | undefined, family: DhtFamily): PeerEndpoint[] {
  const nodeBytes = family === 'ipv4' ? 26 : 38;
  const count = (compactNodes?.length ?? 0) / nodeBytes;
  return Array.from({ length: count }, (_, index) =>
    readCompactPeers((compactNodes ?? ID).subarray(index * nodeBytes + 20, (index + 1) * nodeBytes), family),
  ).flat();
}

describe('DhtTranslator', () => {
  const near: Record<DhtFamily, NamedNode[]> = {
    ipv4: Array.from({ length: 12 }, (_, index) => ({ id: ID, host: `9.9.9.${index + 1}`, port: 7000 })),
    ipv6: Array.from({ length: 12 }, (_, index) => ({ id: ID, host: `2a00::${index + 1}`, port: 7000 })),
  };
  const open = (
    family: DhtFamily = 'ipv6',
    surroundings: { closest?: DhtFamily[]; wanted?: DhtFamily[]; near?: typeof near } = {},
  ): { translator: DhtTranslator; names: StandIns } => {
    const names = new StandIns(() => []);
    const closest = (wanted: DhtFamily): NamedNode[] | undefined =>
      (surroundings.closest ?? ['ipv4', 'ipv6']).includes(wanted) ? (surroundings.near ?? near)[wanted] : undefined;
    const beside = { closest, wanted: () => surroundings.wanted };
    return { translator: new DhtTranslator(family, beside, ...(family === 'ipv6' ? [names] : [])), names };
  };

  it('shows the library an IPv6 reply as one of IPv4, and hands on the peers', () => {
    const { translator, names } = open();
    const place = { host: names.nameOf(STRANGER.host), port: STRANGER.port };
    expect(translator.send(getPeers(), place)).toEqual({ packet: getPeers(), target: STRANGER });
    const [first, second] = [near.ipv6[0] ?? expect.fail(), near.ipv6[1] ?? expect.fail()];
    const peer = { host: '2a00:7::9', port: 51_413 };
    const answer = reply({
      token: 'abcd',
      nodes: nodes({ host: '9.9.9.9', port: 7009 }),
      nodes6: nodes(first, second),
      values: [compact(peer), compact({ host: '9.9.9.9', port: 7010 })],
    });
    const delivery = translator.receive(answer, STRANGER) ?? expect.fail();
    expect(delivery.source).toEqual(place);
    expect(delivery.found).toEqual({ infohash: INFOHASH, peers: [peer] });
    expect(delivery.otherNodes).toMatchObject([{ host: '9.9.9.9', port: 7009 }]);
    const shown = replyOf(delivery.packet);
    expect(shown).toMatchObject({ token: Uint8Array.from(Buffer.from('abcd')), peers: {} });
    expect(Object.keys(shown.nodes)).toEqual(['ipv4']);
    const shownNodes = endpointsOf(shown.nodes.ipv4, 'ipv4');
    expect(shownNodes.map(({ host }) => names.addressOf(host))).toEqual([first.host, second.host]);
    expect(shownNodes.map(({ port }) => port)).toEqual([7000, 7000]);
  });

  it('passes IPv4 through under its own addresses', () => {
    const { translator } = open('ipv4');
    const place = { host: '9.9.9.1', port: 7001 };
    expect(translator.send(getPeers(), place)?.target).toEqual(place);
    const [first = expect.fail()] = near.ipv4;
    const answer = reply({ nodes: nodes(first), values: [compact(first), compact(STRANGER)] });
    const delivery = translator.receive(answer, place);
    expect(delivery?.source).toEqual(place);
    expect(delivery?.found?.peers).toEqual([{ host: first.host, port: first.port }]);
    expect(endpointsOf(replyOf(delivery?.packet).nodes.ipv4, 'ipv4')).toMatchObject([{ host: first.host }]);
  });

  it.each<[string, DhtFamily, Record<string, Encodable>, DhtFamily[]]>([
    ['an IPv6 query that does not say', 'ipv6', {}, ['ipv6']],
    ['an IPv4 query that does not say', 'ipv4', {}, ['ipv4']],
    ['who wants both', 'ipv6', { want: ['n4', 'n6'] }, ['ipv4', 'ipv6']],
    ['who wants the other', 'ipv4', { want: ['n6'] }, ['ipv6']],
    ['who wants what nobody knows', 'ipv6', { want: ['n8'] }, []],
  ])('names eight nodes each to %s (BEP 32), beside the peers', (_claim, family, given, wanted) => {
    const { translator, names } = open(family);
    const asker = family === 'ipv6' ? STRANGER : { host: '8.8.8.8', port: 7008 };
    const { source } = translator.receive(getPeers(given), asker) ?? expect.fail();
    const stored = family === 'ipv6' ? names.nameOf('2a00:7::9') : '9.9.7.9';
    const written = reply({
      token: 'abcd',
      nodes: nodes({ host: '240.1.1.1', port: 9 }),
      values: [compact({ host: stored, port: 51_413 })],
    });
    const { packet, target } = translator.send(written, source) ?? expect.fail();
    expect(target).toEqual(asker);
    const sent = replyOf(packet);
    expect(Object.keys(sent.nodes)).toEqual(wanted);
    for (const each of wanted)
      expect(endpointsOf(sent.nodes[each], each)).toEqual(
        near[each].slice(0, DHT_REPLY_NODES_MAX).map(({ host, port }) => ({ host, port })),
      );
    const peer = { host: family === 'ipv6' ? '2a00:7::9' : stored, port: 51_413 };
    expect(sent.peers).toEqual({ [family]: [new Uint8Array(compact(peer))] });
    const told = decode(packet);
    expect(told.kind === 'dictionary' && told.get('ip')).toMatchObject({ lengthBytes: compact(asker).length });
  });

  it('leaves out what it has no nodes for, and what is not asked about nodes', () => {
    const { translator } = open('ipv6', { closest: ['ipv6'] });
    const { source } = translator.receive(getPeers({ want: ['n4'] }), STRANGER) ?? expect.fail();
    expect(replyOf(translator.send(reply({}), source)?.packet).nodes).toEqual({});
    translator.receive(query('ping'), STRANGER);
    expect(replyOf(translator.send(reply({}), source)?.packet).nodes).toEqual({});
  });

  it('tells a stranger nothing of our own network, and believes none of what it says of it', () => {
    const local = { id: ID, host: 'fd00::7', port: 7000 };
    const { translator, names } = open('ipv6', { near: { ipv4: [], ipv6: [local, ...near.ipv6] } });
    const place = { host: names.nameOf(STRANGER.host), port: STRANGER.port };
    translator.receive(getPeers(), STRANGER);
    expect(endpointsOf(replyOf(translator.send(reply({}), place)?.packet).nodes.ipv6, 'ipv6')).not.toContainEqual(
      expect.objectContaining({ host: local.host }),
    );
    translator.send(getPeers(), place);
    const lies = ['fd00::7', '::1', 'fe80::1', '2001:db8::1', '2002:7f00:1::'].map((host) => ({ host, port: 22 }));
    const answer = reply({
      nodes6: nodes(...lies),
      nodes: nodes({ host: '127.0.0.1', port: 22 }),
      values: lies.map((lie) => compact(lie)),
    });
    const delivery = translator.receive(answer, STRANGER);
    expect(delivery).toMatchObject({ found: { peers: [] }, otherNodes: [] });
    expect(replyOf(delivery?.packet).nodes.ipv4).toHaveLength(0);
  });

  it.each(['fe80::5%eth0', 'ff02::1', '2001:db8::5', '::ffff:9.9.9.9', '9.9.9.9'])('hears nothing from %s', (host) => {
    expect(open().translator.receive(getPeers(), { host, port: 7005 })).toBeUndefined();
  });

  it('asks for the nodes of both where one DHT helps the other', () => {
    const { translator, names } = open('ipv6', { wanted: ['ipv4', 'ipv6'] });
    const place = { host: names.nameOf(STRANGER.host), port: 7005 };
    expect(translator.send(getPeers(), place)?.packet).toEqual(getPeers({ want: ['n4', 'n6'] }));
    expect(translator.send(query('ping'), place)?.packet).toEqual(query('ping'));
  });

  it('takes one reply to each query, from where it went', () => {
    const { translator, names } = open();
    const place = { host: names.nameOf(STRANGER.host), port: STRANGER.port };
    expect(translator.receive(reply({}), STRANGER)).toBeUndefined();
    translator.send(getPeers(), place);
    expect(translator.receive(reply({}), { ...STRANGER, host: '2a00::6' })).toBeUndefined();
    expect(translator.receive(reply({}, 'ab'), STRANGER)).toBeUndefined();
    expect(translator.receive(reply({}), STRANGER)).toBeDefined();
    expect(translator.receive(reply({}), STRANGER)).toBeUndefined();
    translator.send(getPeers(), place);
    expect(translator.receive(encode({ t: 'aa', y: 'e', e: [201, 'no'] }), STRANGER)).toBeDefined();
  });

  it('waits for so many replies, and no more', () => {
    const { translator, names } = open();
    const place = { host: names.nameOf(STRANGER.host), port: STRANGER.port };
    const transactions = Array.from({ length: DHT_OPEN_QUERIES_MAX + 1 }, (_, index) => `t${index}`);
    for (const transaction of transactions) translator.send(query('ping', {}, transaction), place);
    const heard = transactions.filter((transaction) => translator.receive(reply({}, transaction), STRANGER));
    expect(heard).toEqual(transactions.slice(1));
  });

  it('sends nothing to whom it has forgotten, and nothing that is no message', () => {
    const { translator, names } = open();
    expect(translator.send(getPeers(), { host: '240.9.9.9', port: 7005 })).toBeUndefined();
    expect(translator.send(ID, { host: names.nameOf(STRANGER.host), port: 7005 })).toBeUndefined();
  });

  it('makes a message or nothing of any bytes, and of any change of a good packet', () => {
    const packets = [
      getPeers({ want: ['n6'] }),
      reply({ nodes6: nodes(...near.ipv6), values: near.ipv6.map((node) => compact(node)), token: 'abcd' }),
      encode({ t: 'aa', y: 'e', e: [201, 'no'] }),
    ];
    const { translator, names } = open('ipv6', { wanted: ['ipv4', 'ipv6'] });
    const place = { host: names.nameOf(STRANGER.host), port: STRANGER.port };
    const expectMessage = (bytes: Uint8Array): void => {
      translator.send(getPeers(), place);
      const delivery = translator.receive(bytes, STRANGER);
      if (delivery) expect(readDhtMessage(delivery.packet)).toBeDefined();
      const dispatch = translator.send(bytes, place);
      if (dispatch) expect(readDhtMessage(dispatch.packet)).toBeDefined();
      if (dispatch && bytes.length <= DHT_REPLY_BYTES_MAX)
        expect(dispatch.packet.length).toBeLessThan(2 * DHT_REPLY_BYTES_MAX);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), expectMessage));
    fc.assert(
      fc.property(fc.constantFrom(...packets), fc.nat(2000), fc.nat(255), (packet, offset, byte) => {
        const changed = packet.slice();
        changed[offset % changed.length] = byte;
        expectMessage(changed);
      }),
    );
    expect(names.size).toBeLessThan(10_000);
  });
});
