import { PieceGeometry } from '@swarmpatch/metainfo';
import { parseExtensionHandshake } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import { Outbox } from '../command.ts';
import { SwarmPeer } from '../peers/swarm-peer.ts';
import { Bitfield } from '../pieces/bitfield.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { PieceLedger } from '../pieces/piece-ledger.ts';
import { plainSwarm } from '../plain-swarm.contract.ts';
import { REVEALED_PIECES_MAX, SuperSeeding } from './super-seeding.ts';

const PIECE_BYTES = 16_384;
const PIECES = 12;

class Party {
  readonly outbox = new Outbox();
  readonly ledger: PieceLedger;
  readonly superSeeding: SuperSeeding;
  readonly #peers = new Map<number, SwarmPeer>();

  constructor() {
    const layout = new BlockLayout(
      new PieceGeometry([{ lengthBytes: PIECES * PIECE_BYTES, offsetBytes: 0 }], PIECE_BYTES, PIECES * PIECE_BYTES),
    );
    const all = Bitfield.full(PIECES);
    this.ledger = new PieceLedger({ layout, have: all, wanted: all, heldBytesMax: 0, random: () => 0.5 });
    this.superSeeding = new SuperSeeding({
      ledger: this.ledger,
      peers: this.#peers,
      outbox: this.outbox,
      random: () => 0.5,
    });
  }

  join(): SwarmPeer {
    const peer = new SwarmPeer({
      number: this.#peers.size + 1,
      peerId: String(this.#peers.size),
      capabilities: { extensions: true, fast: true, v2: true },
      direction: 'incoming',
      host: '10.0.0.1',
      pieces: new Bitfield(PIECES),
      nowMs: 0,
    });
    this.#peers.set(peer.number, peer);
    this.superSeeding.greet(peer, 0);
    return peer;
  }

  gets(peer: SwarmPeer, piece: number): void {
    peer.pieces.add(piece);
    this.ledger.rarity.raise(piece);
    this.superSeeding.appeared(peer, piece, 0);
  }

  /** Pieces that the peer was told of since it was last asked. */
  told(peer: SwarmPeer): number[] {
    return this.outbox
      .drain()
      .flatMap((command) =>
        command.kind === 'send' && command.peer === peer.number && command.message.kind === 'have'
          ? [command.message.piece]
          : [],
      );
  }
}

describe('SuperSeeding', () => {
  it('tells each peer of a few pieces that nobody else was told of', () => {
    const party = new Party();
    const peers = [party.join(), party.join(), party.join()];
    const told = party.outbox
      .drain()
      .flatMap((command) =>
        command.kind === 'send' && command.message.kind === 'have' ? [command.message.piece] : [],
      );
    expect(told).toHaveLength(peers.length * REVEALED_PIECES_MAX);
    expect(new Set(told).size).toBe(told.length);
  });

  it('serves a peer what it was told of, and nothing else', () => {
    const party = new Party();
    const peer = party.join();
    const told = party.told(peer);
    for (let piece = 0; piece < PIECES; piece += 1)
      expect(party.superSeeding.mayServe(peer, piece)).toBe(told.includes(piece));
  });

  it('tells of the next piece when one was seen elsewhere, and not before', () => {
    const party = new Party();
    const peer = party.join();
    const [first = 0] = party.told(peer);
    const other = party.join();
    party.outbox.drain();
    party.gets(peer, first);
    expect(party.told(peer)).toEqual([]);
    party.gets(other, first);
    expect(party.told(peer)).toHaveLength(1);
  });

  it('brings a lone peer everything', () => {
    const party = new Party();
    const peer = party.join();
    const seen = new Set<number>();
    for (let told = party.told(peer); told.length > 0; told = party.told(peer)) {
      for (const piece of told) {
        seen.add(piece);
        party.gets(peer, piece);
      }
    }
    expect(seen.size).toBe(PIECES);
  });

  it('shows a piece to another when the first keeps it to itself', () => {
    const party = new Party();
    const miser = party.join();
    const kept = party.told(miser);
    const other = party.join();
    for (const piece of kept) party.gets(miser, piece);
    const told = new Set(party.told(other));
    for (let piece = 0; piece < PIECES; piece += 1) if (told.has(piece)) party.gets(other, piece);
    for (let nowMs = 0; nowMs < 10 * 60_000; nowMs += 10_000) {
      party.superSeeding.tick(nowMs);
      for (const piece of party.told(other)) {
        told.add(piece);
        party.gets(other, piece);
      }
    }
    for (const piece of kept) expect(told).toContain(piece);
  });
});

describe('Swarm that super-seeds', () => {
  it('looks empty, and rejects what it did not tell of', () => {
    const swarm = plainSwarm({
      layout: new Party().ledger.layout,
      have: Bitfield.full(PIECES).bits,
      superSeed: true,
      random: () => 0.5,
    });
    const capabilities = { extensions: true, fast: true, v2: false };
    const direction = 'incoming';
    const peer = swarm.peerConnected({ peerId: '01'.repeat(20), capabilities, direction, host: '10.0.0.1' }, 0);
    if (typeof peer === 'string') throw new Error(peer);
    swarm.messageReceived(peer, { kind: 'interested' }, 0);
    const [hello, ...greeting] = swarm
      .drain(0)
      .flatMap((command) => (command.kind === 'send' ? [command.message] : []));
    expect(hello?.kind === 'extended' && parseExtensionHandshake(hello.payload).uploadOnly).toBe(false);
    expect(greeting[0]).toEqual({ kind: 'have_none' });
    const told = greeting.flatMap((message) => (message.kind === 'have' ? [message.piece] : []));
    expect(told).toHaveLength(REVEALED_PIECES_MAX);
    for (let piece = 0; piece < PIECES; piece += 1) {
      swarm.messageReceived(peer, { kind: 'request', piece, begin: 0, lengthBytes: PIECE_BYTES }, 0);
    }
    const served = swarm.drain(0).flatMap((command) => (command.kind === 'upload' ? [command.span.piece] : []));
    expect(new Set(served)).toEqual(new Set(told));
  });
});
