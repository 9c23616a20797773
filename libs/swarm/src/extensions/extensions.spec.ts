import { createInfo, type Metainfo, parseInfo, PieceGeometry } from '@swarmpatch/metainfo';
import {
  ALLOWED_FAST_PIECES,
  type Capabilities,
  encodeDontHave,
  encodeExtensionHandshake,
  encodePexMessage,
  type ExtensionHandshake,
  parseExtensionHandshake,
  parsePexMessage,
  PEX_CONTACTS_MAX,
  PEX_FLAGS,
  type PexMessage,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import { parseIpAddress } from '@swarmpatch/tracker';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import type { PeerAddress } from '../peers/peer-address.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { TokenBucket } from '../rates/token-bucket.ts';
import { Swarm } from '../swarm.ts';
import type { SwarmOptions } from '../swarm-options.ts';
import { PEX_INTERVAL_MS, PEX_MESSAGES_PER_MINUTE_MAX } from './peer-exchange.ts';
import { PEX_RECENT_CONTACTS_MAX } from './pex-contacts.ts';

const PIECE = 16_384;
const PIECES = 40;
const OURS = { metadata: 1, pex: 2, dontHave: 3 };
/** Ids that peers in these tests give to extensions. */
const THEIRS = new Map([
  ['ut_pex', 11],
  ['lt_donthave', 12],
]);

function torrent(visibility: 'public' | 'private'): Metainfo {
  const v1Pieces = new Uint8Array(PIECES * 20);
  const options = { name: 'a', format: 'v1', pieceLengthBytes: PIECE, isSingleFile: true, v1Pieces } as const;
  const files = [{ path: 'a', lengthBytes: PIECES * PIECE }];
  return parseInfo(createInfo(files, { ...options, isPrivate: visibility === 'private' }).infoBytes);
}

function newSwarm(options: Partial<SwarmOptions> = {}): Swarm {
  return new Swarm({
    layout: new BlockLayout(
      new PieceGeometry([{ lengthBytes: PIECES * PIECE, offsetBytes: 0 }], PIECE, PIECES * PIECE),
    ),
    metainfo: torrent('public'),
    have: new Uint8Array(0),
    slots: {
      open: () => undefined,
      write: () => undefined,
      adopt: () => undefined,
      fingerprints: () => [],
      release: () => undefined,
    },
    peerId: '00'.repeat(20),
    self: { client: 'test', listenPort: 6881 },
    downloadLimit: TokenBucket.unlimited(),
    uploadLimit: TokenBucket.unlimited(),
    webSeedCount: 0,
    random: () => 0.4,
    ...options,
  });
}

const ALL = new Uint8Array(PIECES / 8).fill(0xff);
const FULL: Capabilities = { extensions: true, fast: true, v2: false };
let ids = 0;

function meet(
  swarm: Swarm,
  where: { host?: string; address?: PeerAddress; capabilities?: Capabilities } = {},
  handshake: Partial<ExtensionHandshake> = {},
): number {
  const { host = where.address?.host ?? `10.0.0.${ids + 1}`, address, capabilities = FULL } = where;
  ids += 1;
  const peerId = ids.toString(16).padStart(40, '0');
  const direction = address ? 'outgoing' : 'incoming';
  const peer = swarm.peerConnected({ peerId, capabilities, direction, host, address }, 0);
  if (typeof peer === 'string') throw new Error(peer);
  say(swarm, peer, 0, encodeExtensionHandshake({ messages: THEIRS, ...handshake }));
  return peer;
}

function say(swarm: Swarm, peer: number, extensionId: number, payload: Uint8Array, nowMs = 0): void {
  swarm.messageReceived(peer, { kind: 'extended', extensionId, payload }, nowMs);
}

function sent(commands: readonly SwarmCommand[], peer: number): WireMessage[] {
  return commands.flatMap((command) => (command.kind === 'send' && command.peer === peer ? [command.message] : []));
}

function extended(commands: readonly SwarmCommand[], peer: number, extensionId: number): Uint8Array[] {
  return sent(commands, peer).flatMap((message) =>
    message.kind === 'extended' && message.extensionId === extensionId ? [message.payload] : [],
  );
}

function disconnects(commands: readonly SwarmCommand[]): SwarmCommand[] {
  return commands.filter(({ kind }) => kind === 'disconnect');
}

function dials(commands: readonly SwarmCommand[]): PeerAddress[] {
  return commands.flatMap((command) => (command.kind === 'dial' ? [command.address] : []));
}

function contact(host: string, port = 6881): { address: Uint8Array; port: number; flags: number } {
  return { address: parseIpAddress(host) ?? new Uint8Array(4), port, flags: 0 };
}

/** What a peer is told in one tick. */
function toldTo(swarm: Swarm, peer: number, nowMs: number): PexMessage | undefined {
  swarm.tick(nowMs);
  const [payload] = extended(swarm.drain(nowMs), peer, 11);
  return payload && parsePexMessage(payload);
}

describe('the extension handshake', () => {
  it('says what this client speaks, where it listens, how much it queues, and where it sees the peer', () => {
    const swarm = newSwarm({ self: { client: 'test', listenPort: 6881, infoBytes: new Uint8Array(99) } });
    const peer = meet(swarm, { host: '2001:db8::7' });
    const [payload] = extended(swarm.drain(0), peer, 0);
    expect(payload && parseExtensionHandshake(payload)).toMatchObject({
      messages: new Map([
        ['lt_donthave', OURS.dontHave],
        ['ut_metadata', OURS.metadata],
        ['ut_pex', OURS.pex],
      ]),
      listenPort: 6881,
      requestsMax: 1000,
      metadataSizeBytes: 99,
      uploadOnly: false,
      yourAddress: parseIpAddress('2001:db8::7'),
    });
  });

  it('tells everyone when all that is wanted is here, though it is not all (BEP 21)', () => {
    const swarm = newSwarm({ have: Uint8Array.of(0x7f), wanted: Uint8Array.of(0xff) });
    const seed = meet(swarm);
    swarm.messageReceived(seed, { kind: 'have_all' }, 0);
    swarm.messageReceived(seed, { kind: 'unchoke' }, 0);
    swarm.drain(0);
    swarm.messageReceived(seed, { kind: 'block', piece: 0, begin: 0, bytes: new Uint8Array(PIECE) }, 0);
    swarm.pieceVerified(0, 'good', 0);
    swarm.pieceWritten(0, 0);
    swarm.tick(100);
    const [payload] = extended(swarm.drain(100), seed, 0);
    expect(payload && parseExtensionHandshake(payload)).toMatchObject({ uploadOnly: true, messages: new Map() });
  });

  it('ends a connection of two that want nothing', () => {
    const swarm = newSwarm({ have: Uint8Array.of(0xff), wanted: Uint8Array.of(0xff) });
    meet(swarm, {}, { uploadOnly: true });
    expect(disconnects(swarm.drain(0))).toMatchObject([{ reason: 'nothing_to_exchange' }]);
    meet(swarm, {}, { uploadOnly: false });
    expect(disconnects(swarm.drain(0))).toEqual([]);
  });

  it('keeps out who says that it listens where a liar did', () => {
    const swarm = newSwarm();
    const host = '127.0.0.1';
    const liar = meet(swarm, { host }, { listenPort: 7000 });
    swarm.messageReceived(liar, { kind: 'have_all' }, 0);
    swarm.messageReceived(liar, { kind: 'unchoke' }, 0);
    const [request] = sent(swarm.drain(0), liar).filter((message) => message.kind === 'request');
    if (request?.kind !== 'request') throw new Error('nothing was asked');
    swarm.messageReceived(liar, { ...request, kind: 'block', bytes: new Uint8Array(PIECE) }, 0);
    swarm.pieceVerified(request.piece, 'bad', 0);
    expect(disconnects(swarm.drain(0))).toMatchObject([{ reason: 'sent_bad_pieces' }]);
    meet(swarm, { host }, { listenPort: 7000 });
    expect(disconnects(swarm.drain(0))).toMatchObject([{ reason: 'sent_bad_pieces' }]);
    meet(swarm, { host }, { listenPort: 7001 });
    expect(disconnects(swarm.drain(0))).toEqual([]);
  });
});

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
    expect(toldTo(swarm, peer, 5_000)).toBeUndefined();
    swarm.peersFound([{ host: '10.0.0.7', port: 1 }], 'found', 5_000);
    swarm.tick(5_000);
    expect(dials(swarm.drain(5_000))).toEqual([{ host: '10.0.0.7', port: 1 }]);
  });
});

describe('DontHaveExtension', () => {
  it('loses interest in a peer that has a piece no more, and asks for it elsewhere', () => {
    const swarm = newSwarm({ have: new Uint8Array(PIECES / 8).fill(0xff).with(0, 0x7f) });
    const peer = meet(swarm, { capabilities: { ...FULL, fast: false } });
    swarm.messageReceived(peer, { kind: 'bitfield', bits: ALL }, 0);
    swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
    expect(sent(swarm.drain(0), peer).map(({ kind }) => kind)).toContain('request');
    say(swarm, peer, OURS.dontHave, encodeDontHave(0));
    expect(sent(swarm.drain(0), peer).map(({ kind }) => kind)).toEqual(['not_interested']);
    const other = meet(swarm);
    swarm.messageReceived(other, { kind: 'have', piece: 0 }, 0);
    swarm.messageReceived(other, { kind: 'unchoke' }, 0);
    expect(sent(swarm.drain(0), other).map(({ kind }) => kind)).toContain('request');
    swarm.audit();
  });

  it('takes a have back from those who understand it', () => {
    const swarm = newSwarm({ have: ALL });
    const peer = meet(swarm);
    const other = meet(swarm, {}, { messages: new Map() });
    swarm.drain(0);
    expect(swarm.pieceLost(5, 'leave')).toBe(true);
    const commands = swarm.drain(0);
    expect(extended(commands, peer, 12)).toEqual([encodeDontHave(5)]);
    expect(sent(commands, other)).toEqual([]);
  });

  it('drops a peer that takes back what is no piece', () => {
    const swarm = newSwarm();
    const peer = meet(swarm);
    say(swarm, peer, OURS.dontHave, encodeDontHave(PIECES));
    expect(disconnects(swarm.drain(0))).toMatchObject([{ reason: 'protocol_error' }]);
  });
});

describe('FastPieces', () => {
  function offered(commands: readonly SwarmCommand[], peer: number): number[] {
    return sent(commands, peer).flatMap((message) => (message.kind === 'allowed_fast' ? [message.piece] : []));
  }

  it('offers a newcomer some pieces in spite of the choke, and serves each once', () => {
    const swarm = newSwarm({ have: ALL });
    const peer = meet(swarm, { host: '80.4.4.200' });
    const pieces = offered(swarm.drain(0), peer);
    expect(pieces).toHaveLength(ALLOWED_FAST_PIECES);
    const [piece = 0] = pieces;
    const request = { kind: 'request', piece, begin: 0, lengthBytes: PIECE } as const;
    swarm.messageReceived(peer, request, 0);
    expect(swarm.drain(0).map(({ kind }) => kind)).toContain('upload');
    swarm.messageReceived(peer, request, 0);
    expect(sent(swarm.drain(0), peer)).toMatchObject([{ kind: 'reject', piece }]);
  });

  it('offers the pieces to one of a subnet, or all there would fetch the same', () => {
    const swarm = newSwarm({ have: ALL });
    const first = meet(swarm, { host: '80.4.4.200' });
    const second = meet(swarm, { host: '80.4.4.201' });
    const commands = swarm.drain(0);
    expect(offered(commands, first)).not.toEqual([]);
    expect(offered(commands, second)).toEqual([]);
  });

  it('asks for what it is allowed while it is choked, and for no more', () => {
    const swarm = newSwarm();
    const peer = meet(swarm);
    swarm.messageReceived(peer, { kind: 'have_all' }, 0);
    swarm.messageReceived(peer, { kind: 'allowed_fast', piece: 7 }, 0);
    const asked = sent(swarm.drain(0), peer).flatMap((message) => (message.kind === 'request' ? [message.piece] : []));
    expect(asked).toEqual([7]);
  });
});

describe('a suggestion', () => {
  it('comes before what is rarest', () => {
    const swarm = newSwarm();
    const peer = meet(swarm);
    swarm.messageReceived(peer, { kind: 'have_all' }, 0);
    swarm.messageReceived(peer, { kind: 'suggest', piece: 31 }, 0);
    swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
    const [first] = sent(swarm.drain(0), peer).filter(({ kind }) => kind === 'request');
    expect(first).toMatchObject({ piece: 31 });
  });
});

describe('the order of messages', () => {
  const basic = { ...FULL, fast: false };
  it.each<[string, Capabilities, WireMessage[]]>([
    ['has everything without BEP 6', basic, [{ kind: 'have_all' }]],
    ['has nothing without BEP 6', basic, [{ kind: 'have_none' }]],
    ['suggests without BEP 6', basic, [{ kind: 'suggest', piece: 1 }]],
    ['allows without BEP 6', basic, [{ kind: 'allowed_fast', piece: 1 }]],
    ['rejects without BEP 6', basic, [{ kind: 'reject', piece: 1, begin: 0, lengthBytes: PIECE }]],
    ['has everything twice', FULL, [{ kind: 'have_all' }, { kind: 'have_all' }]],
    ['has nothing after all', FULL, [{ kind: 'have', piece: 1 }, { kind: 'have_none' }]],
    ['suggests what is no piece', FULL, [{ kind: 'suggest', piece: PIECES }]],
  ])('a peer that %s is dropped', (_, capabilities, messages) => {
    const swarm = newSwarm();
    const peer = meet(swarm, { capabilities });
    for (const message of messages) swarm.messageReceived(peer, message, 0);
    expect(disconnects(swarm.drain(0))).toMatchObject([{ peer, reason: 'protocol_error' }]);
  });

  it('a bitfield may come again with more, as some clients send it in place of many haves', () => {
    const swarm = newSwarm();
    const peer = meet(swarm);
    swarm.messageReceived(peer, { kind: 'bitfield', bits: new Uint8Array(PIECES / 8).with(0, 0x80) }, 0);
    swarm.messageReceived(peer, { kind: 'bitfield', bits: ALL }, 0);
    expect(disconnects(swarm.drain(0))).toEqual([]);
    swarm.audit();
  });
});
