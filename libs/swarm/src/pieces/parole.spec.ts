import { PieceGeometry } from '@swarmpatch/metainfo';
import { BLOCK_LENGTH_BYTES, type BlockSpan } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import { plainSwarm } from '../plain-swarm.contract.ts';
import type { Swarm } from '../swarm.ts';
import { BlockLayout } from './block-layout.ts';

const BLOCKS = 64;
const lengthBytes = BLOCKS * BLOCK_LENGTH_BYTES;

function newSwarm(): Swarm {
  return plainSwarm({
    layout: new BlockLayout(new PieceGeometry([{ lengthBytes, offsetBytes: 0 }], lengthBytes, lengthBytes)),
  });
}

function meetSeed(swarm: Swarm, id: number): number {
  const capabilities = { extensions: false, fast: true, v2: false };
  const peerId = id.toString(16).padStart(40, '0');
  const peer = swarm.peerConnected({ peerId, capabilities, direction: 'incoming', host: '10.0.0.1' }, 0);
  if (typeof peer === 'string') throw new Error(peer);
  swarm.messageReceived(peer, { kind: 'have_all' }, 0);
  swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
  return peer;
}

interface Request {
  readonly peer: number;
  readonly span: BlockSpan;
}

function requestsOf(swarm: Swarm): Request[] {
  return swarm
    .drain(0)
    .flatMap((command) =>
      command.kind === 'send' && command.message.kind === 'request'
        ? [{ peer: command.peer, span: command.message }]
        : [],
    );
}

function send(swarm: Swarm, { peer, span }: Request): void {
  const bytes = new Uint8Array(span.lengthBytes);
  swarm.messageReceived(peer, { kind: 'block', piece: span.piece, begin: span.begin, bytes }, 0);
}

/** Everyone sends what he is asked for, until nothing more is, but the first block of a piece. @returns Who was asked for that. */
function sendAllButFirst(swarm: Swarm): Request | undefined {
  let first: Request | undefined;
  for (let asked = requestsOf(swarm); asked.length > 0; asked = requestsOf(swarm)) {
    for (const each of asked) {
      if (each.span.begin === 0) first ??= each;
      else send(swarm, each);
    }
  }
  return first;
}

describe('a piece that is fetched from one peer alone', () => {
  it('is whole in the end although its last block was rejected: that answered a request before', () => {
    const swarm = newSwarm();
    for (const id of [1, 2]) meetSeed(swarm, id);
    const asked = sendAllButFirst(swarm);
    if (asked) send(swarm, asked);
    swarm.pieceVerified(0, 'bad', 0);
    const again = sendAllButFirst(swarm);
    if (again) swarm.messageReceived(again.peer, { ...again.span, kind: 'reject' }, 0);
    const last = requestsOf(swarm);
    expect(last).toEqual([again]);
    for (const each of last) send(swarm, each);
    swarm.pieceVerified(0, 'good', 0);
    swarm.pieceWritten(0, 0);
    expect(swarm.isComplete).toBe(true);
  });
});
