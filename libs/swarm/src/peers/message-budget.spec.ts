import { PieceGeometry } from '@swarmpatch/metainfo';
import type { WireMessage } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import { MagnetSearch } from '../magnet/magnet-search.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { plainSwarm } from '../plain-swarm.contract.ts';
import type { Swarm } from '../swarm.ts';
import { VAIN_MESSAGES_BURST_MAX, VAIN_MESSAGES_PER_SECOND_MAX } from './message-budget.ts';

const PIECES = 100_000;
const PIECE = 16_384;
const lengthBytes = PIECES * PIECE;
const self = { client: 'test' };
const newcomer = {
  peerId: '11'.repeat(20),
  capabilities: { extensions: true, fast: true, v2: true },
  direction: 'incoming',
  host: '10.0.0.1',
} as const;

function newSwarm(have = new Uint8Array(0)): Swarm {
  return plainSwarm({
    layout: new BlockLayout(new PieceGeometry([{ lengthBytes, offsetBytes: 0 }], PIECE, lengthBytes)),
    have,
    self,
  });
}

function newSearch(): MagnetSearch {
  return new MagnetSearch({ identity: { infohashV1: new Uint8Array(20) }, peerId: '00'.repeat(20), self });
}

/** What a peer is told that says all of this at once. */
function answerTo(engine: Swarm | MagnetSearch, messages: Iterable<WireMessage>, perSecond = Infinity): SwarmCommand[] {
  const peer = engine.peerConnected(newcomer, 0);
  if (typeof peer === 'string') throw new Error(peer);
  let nowMs = 0;
  for (const message of messages) {
    engine.messageReceived(peer, message, nowMs);
    nowMs += 1000 / perSecond;
  }
  return engine.drain(nowMs);
}

function* repeat(count: number, ...messages: WireMessage[]): Generator<WireMessage> {
  for (let time = 0; time < count; time += 1) yield* messages;
}

function* haves(): Generator<WireMessage> {
  for (let piece = 0; piece < PIECES; piece += 1) yield { kind: 'have', piece };
}

const isExpulsion = (command: SwarmCommand): boolean =>
  command.kind === 'disconnect' && command.reason === 'protocol_error';

const floods: Readonly<Record<string, readonly WireMessage[]>> = {
  'chokes and unchokes': [{ kind: 'choke' }, { kind: 'unchoke' }],
  'changes of interest': [{ kind: 'interested' }, { kind: 'not_interested' }],
  'the same have': [{ kind: 'have', piece: 7 }],
  'unknown messages': [{ kind: 'unknown', id: 99 }],
  'messages of unknown extensions': [{ kind: 'extended', extensionId: 77, payload: new Uint8Array(0) }],
  'requests that are not served': [{ kind: 'request', piece: 0, begin: 0, lengthBytes: PIECE }],
  'cancels of nothing': [{ kind: 'cancel', piece: 0, begin: 0, lengthBytes: PIECE }],
  hints: [{ kind: 'suggest', piece: 0 }],
  'hash rejects': [
    { kind: 'hash_reject', piecesRoot: new Uint8Array(32), baseLayer: 0, index: 0, length: 2, proofLayers: 0 },
  ],
};

describe('a peer that floods', () => {
  it.each(Object.entries(floods))('a swarm with %s is left', (_, messages) => {
    const answers = answerTo(newSwarm(), repeat(VAIN_MESSAGES_BURST_MAX + 2, ...messages));
    expect(answers.filter(isExpulsion)).toHaveLength(1);
  });

  it('a swarm with bitfields is left before they cost much', () => {
    const bits = new Uint8Array(PIECES / 8).fill(0xff);
    const answers = answerTo(newSwarm(), repeat(VAIN_MESSAGES_BURST_MAX / 50, { kind: 'bitfield', bits }));
    expect(answers.filter(isExpulsion)).toHaveLength(1);
  });

  it('a magnet search with anything is left, and named', () => {
    for (const message of [{ kind: 'have', piece: 7 }, { kind: 'unchoke' }] as const) {
      const answers = answerTo(newSearch(), repeat(VAIN_MESSAGES_BURST_MAX + 2, message));
      expect(answers.filter(isExpulsion)).toHaveLength(1);
    }
    const swarm = newSwarm();
    answerTo(swarm, repeat(VAIN_MESSAGES_BURST_MAX + 1, { kind: 'choke' }));
    expect(swarm.stats(0).protocolErrors).toEqual({ too_many_messages: 1 });
  });
});

describe('a peer that says much', () => {
  it('is kept when it tells of a hundred thousand pieces one by one', () => {
    expect(answerTo(newSwarm(), haves()).filter(isExpulsion)).toEqual([]);
  });

  it('is kept when it asks for much while it is served', () => {
    const seed = newSwarm(new Uint8Array(PIECES / 8).fill(0xff));
    const peer = seed.peerConnected(newcomer, 0);
    if (typeof peer === 'string') throw new Error(peer);
    seed.messageReceived(peer, { kind: 'interested' }, 0);
    seed.tick(0);
    for (let block = 0; block < 3 * VAIN_MESSAGES_BURST_MAX; block += 1) {
      seed.messageReceived(peer, { kind: 'request', piece: block, begin: 0, lengthBytes: PIECE }, 0);
      for (const command of seed.drain(0)) if (command.kind === 'upload') seed.uploaded(peer, PIECE, 'sent', 0);
    }
    expect(seed.stats(0).uploadedBytes).toBe(3 * VAIN_MESSAGES_BURST_MAX * PIECE);
  });

  it('is kept when it changes its mind all day, but not too fast', () => {
    const messages = repeat(3 * VAIN_MESSAGES_BURST_MAX, { kind: 'choke' }, { kind: 'unchoke' });
    expect(answerTo(newSwarm(), messages, VAIN_MESSAGES_PER_SECOND_MAX).filter(isExpulsion)).toEqual([]);
  });
});
