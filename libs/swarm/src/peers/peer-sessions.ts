import { ProtocolError } from '@swarmpatch/peer-wire';

import { Bitfield, isValidBitfield } from '../pieces/bitfield.ts';
import type { Outbox } from '../command.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** What each peer has, and what follows from it: availability, interest and who is told of a new piece. */
export class PeerSessions {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  #seedCount = 0;

  constructor(options: { ledger: PieceLedger; outbox: Outbox }) {
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
  }

  /** Peers that have every piece; the rarity order does not count them. */
  get seedCount(): number {
    return this.#seedCount;
  }

  /** Says what is here; to be sent before any other message but the extension handshake. */
  greet(peer: SwarmPeer): void {
    const { have } = this.#ledger;
    if (peer.capabilities.fast && have.isFull) this.#outbox.send(peer.number, { kind: 'have_all' });
    else if (peer.capabilities.fast && have.count === 0) this.#outbox.send(peer.number, { kind: 'have_none' });
    else if (have.count > 0) this.#outbox.send(peer.number, { kind: 'bitfield', bits: have.bits.slice() });
  }

  /**
   * BEP 3 wants it first and once. Some clients send it again in place of many haves: what it has more is taken.
   *
   * @throws {ProtocolError} `bad_bitfield`
   */
  hasBitfield(peer: SwarmPeer, bits: Uint8Array): void {
    const { pieceCount } = this.#ledger.layout;
    if (!isValidBitfield(bits, pieceCount)) {
      throw new ProtocolError('bad_bitfield', `read a bitfield: ${bits.length} bytes do not fit ${pieceCount} pieces`);
    }
    peer.hasSaidPieces = true;
    this.#hasThese(peer, new Bitfield(pieceCount, bits));
  }

  /** @throws {ProtocolError} `bad_sequence` unless the peer says it with the fast extension, and first (BEP 6). */
  hasAllOrNone(peer: SwarmPeer, kind: 'have_all' | 'have_none'): void {
    if (!peer.capabilities.fast) {
      throw new ProtocolError('bad_sequence', `read "${kind}": the fast extension (BEP 6) is not agreed on`);
    }
    if (peer.hasSaidPieces) {
      throw new ProtocolError('bad_sequence', `read "${kind}": the peer said before what it has; BEP 6 wants it first`);
    }
    peer.hasSaidPieces = true;
    if (kind === 'have_all') this.#hasThese(peer, Bitfield.full(this.#ledger.layout.pieceCount));
  }

  /** @throws {ProtocolError} `bad_piece_index` */
  hasPiece(peer: SwarmPeer, piece: number): void {
    this.expectPiece(piece, 'a have');
    peer.hasSaidPieces = true;
    if (peer.pieces.has(piece)) return;
    this.#ledger.rarity.raise(piece);
    this.#take(peer, piece);
    this.#updateInterest(peer);
  }

  /** The peer had the piece and has it no more (BEP 54). @throws {ProtocolError} `bad_piece_index` */
  hasNoMore(peer: SwarmPeer, piece: number): void {
    this.expectPiece(piece, 'a donthave');
    if (!peer.pieces.delete(piece)) return;
    if (peer.countedAsSeed) {
      this.#seedCount -= 1;
      peer.countedAsSeed = false;
      for (const left of peer.pieces.indexes()) this.#ledger.rarity.raise(left);
    } else this.#ledger.rarity.lower(piece);
    if (this.#ledger.wanted.has(piece) && !this.#ledger.have.has(piece)) peer.usefulPieces -= 1;
    this.#updateInterest(peer);
  }

  /** @throws {ProtocolError} `bad_piece_index` */
  expectPiece(piece: number, what: string): void {
    const { pieceCount } = this.#ledger.layout;
    if (piece >= pieceCount) {
      throw new ProtocolError('bad_piece_index', `read ${what}: found piece ${piece} of ${pieceCount}`);
    }
  }

  left(peer: SwarmPeer): void {
    if (peer.countedAsSeed) this.#seedCount -= 1;
    else for (const piece of peer.pieces.indexes()) this.#ledger.rarity.lower(piece);
  }

  /**
   * Tells of a written piece those who lack it, and seeds: they judge by it who passes on what they give. May lose interest in
   * those who have it.
   */
  announce(piece: number, peers: Iterable<SwarmPeer>): void {
    for (const peer of peers) {
      const hasIt = peer.pieces.has(piece);
      if (!hasIt || peer.pieces.isFull) this.#outbox.send(peer.number, { kind: 'have', piece });
      if (hasIt && this.#ledger.wanted.has(piece)) {
        peer.usefulPieces -= 1;
        this.#updateInterest(peer);
      }
    }
  }

  /** A piece of ours is gone: those who have it may be useful again. */
  lostPiece(piece: number, peers: Iterable<SwarmPeer>): void {
    if (!this.#ledger.wanted.has(piece)) return;
    for (const peer of peers) {
      if (!peer.pieces.has(piece)) continue;
      peer.usefulPieces += 1;
      this.#updateInterest(peer);
    }
  }

  #hasThese(peer: SwarmPeer, pieces: Bitfield): void {
    const isSeed = pieces.isFull && peer.pieces.count === 0;
    if (isSeed) {
      this.#seedCount += 1;
      peer.countedAsSeed = true;
    }
    for (const piece of pieces.indexes()) {
      if (peer.pieces.has(piece)) continue;
      if (!isSeed) this.#ledger.rarity.raise(piece);
      this.#take(peer, piece);
    }
    this.#updateInterest(peer);
  }

  #take(peer: SwarmPeer, piece: number): void {
    peer.pieces.add(piece);
    if (this.#ledger.wanted.has(piece) && !this.#ledger.have.has(piece)) peer.usefulPieces += 1;
  }

  #updateInterest(peer: SwarmPeer): void {
    const isInteresting = peer.usefulPieces > 0;
    if (isInteresting === peer.areWeInterested) return;
    peer.areWeInterested = isInteresting;
    this.#outbox.send(peer.number, { kind: isInteresting ? 'interested' : 'not_interested' });
  }
}
