import {
  ALLOWED_FAST_PIECES,
  type Capabilities,
  encodeDontHave,
  parseExtensionHandshake,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import { parseIpAddress } from '@swarmpatch/tracker';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import {
  ALL,
  disconnects,
  extended,
  FULL,
  meet,
  newSwarm,
  OURS,
  PIECE,
  PIECES,
  say,
  sent,
} from './extension-swarm.contract.ts';

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
