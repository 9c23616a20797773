import { PieceGeometry } from '@swarmpatch/metainfo';
import type { SwarmCommand } from '../command.ts';
import { describe, expect, it } from 'vitest';

import { plainSwarm } from '../plain-swarm.contract.ts';
import type { Swarm } from '../swarm.ts';
import { Bitfield } from './bitfield.ts';
import { BlockLayout } from './block-layout.ts';
import { RANDOM_FIRST_PIECES } from './picker.ts';

const PIECE_BYTES = 16_384;
const PIECES = 24;
const layout = new BlockLayout(
  new PieceGeometry([{ lengthBytes: PIECES * PIECE_BYTES, offsetBytes: 0 }], PIECE_BYTES, PIECES * PIECE_BYTES),
);

/** @param draws What `random` gives, again and again. */
function newSwarm(have: Iterable<number>, draws: readonly number[]): Swarm {
  let draw = 0;
  return plainSwarm({
    layout,
    have: bitsOf(have),
    random: () => draws[draw++ % draws.length] ?? 0,
  });
}

function bitsOf(pieces: Iterable<number>): Uint8Array {
  const bitfield = new Bitfield(PIECES);
  for (const piece of pieces) bitfield.add(piece);
  return bitfield.bits;
}

/** A peer that has these pieces, and chokes us until it says otherwise. */
function meet(swarm: Swarm, id: number, pieces: Iterable<number>): number {
  const capabilities = { extensions: false, fast: true, v2: false };
  const peerId = id.toString(16).padStart(40, '0');
  const peer = swarm.peerConnected({ peerId, capabilities, direction: 'incoming', host: `10.0.${id}.1` }, 0);
  if (typeof peer === 'string') throw new Error(peer);
  swarm.messageReceived(peer, { kind: 'bitfield', bits: bitsOf(pieces) }, 0);
  return peer;
}

function piecesAskedOf(commands: readonly SwarmCommand[], peer: number): number[] {
  return commands.flatMap((command) =>
    command.kind === 'send' && command.peer === peer && command.message.kind === 'request'
      ? [command.message.piece]
      : [],
  );
}

/** What a peer that has everything brings, in order, until we have everything. */
function orderFrom(swarm: Swarm, peer: number): number[] {
  const order: number[] = [];
  swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
  for (;;) {
    const asked = piecesAskedOf(swarm.drain(0), peer);
    if (asked.length === 0) return order;
    for (const piece of asked) {
      order.push(piece);
      swarm.messageReceived(peer, { kind: 'block', piece, begin: 0, bytes: new Uint8Array(PIECE_BYTES) }, 0);
      swarm.pieceVerified(piece, 'good', 0);
      swarm.pieceWritten(piece, 0);
    }
  }
}

const RANGE = [...Array(PIECES).keys()];
/** Pieces from the rarest to the one that most peers have, none of them where chance or their numbers would have it. */
const BY_RARITY = RANGE.map((at) => (at * 7 + 3) % PIECES);

/** Every piece is had by another number of peers. */
function meetUnevenPeers(swarm: Swarm): void {
  for (const id of RANGE) meet(swarm, id + 1, BY_RARITY.slice(id + 1));
}

describe('Picker', () => {
  it('asks for the rarest first, once it has something to trade', () => {
    const here = BY_RARITY.slice(-RANDOM_FIRST_PIECES);
    const swarm = newSwarm(here, [0.5, 0.9, 0.2]);
    meetUnevenPeers(swarm);
    const seed = meet(swarm, 99, RANGE);
    expect(orderFrom(swarm, seed)).toEqual(BY_RARITY.filter((piece) => !here.includes(piece)));
  });

  it('takes its first pieces at random: the rarest are what it waits for longest', () => {
    const firsts = [0.1, 0.3, 0.5, 0.7, 0.9].map((draw) => {
      const swarm = newSwarm([], [draw]);
      meetUnevenPeers(swarm);
      return orderFrom(swarm, meet(swarm, 99, RANGE))[0];
    });
    expect(new Set(firsts).size).toBe(firsts.length);
  });
});
