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

  /** Some clients send a bitfield again in place of many haves. @throws {ProtocolError} `bad_bitfield` */
  hasBitfield(peer: SwarmPeer, bits: Uint8Array): void {
    const { pieceCount } = this.#ledger.layout;
    if (!isValidBitfield(bits, pieceCount)) {
      throw new ProtocolError('bad_bitfield', `read a bitfield: ${bits.length} bytes do not fit ${pieceCount} pieces`);
    }
    this.#hasThese(peer, new Bitfield(pieceCount, bits));
  }

  hasAll(peer: SwarmPeer): void {
    this.#hasThese(peer, Bitfield.full(this.#ledger.layout.pieceCount));
  }

  /** @throws {ProtocolError} `bad_piece_index` */
  hasPiece(peer: SwarmPeer, piece: number): void {
    if (piece >= this.#ledger.layout.pieceCount) {
      throw new ProtocolError(
        'bad_piece_index',
        `read a have: found piece ${piece} of ${this.#ledger.layout.pieceCount}`,
      );
    }
    if (peer.pieces.has(piece)) return;
    this.#ledger.rarity.raise(piece);
    this.#take(peer, piece);
    this.#updateInterest(peer);
  }

  left(peer: SwarmPeer): void {
    if (peer.countedAsSeed) this.#seedCount -= 1;
    else for (const piece of peer.pieces.indexes()) this.#ledger.rarity.lower(piece);
  }

  /** Tells of a written piece those who lack it, and may lose interest in those who have it. */
  announce(piece: number, peers: Iterable<SwarmPeer>): void {
    for (const peer of peers) {
      if (!peer.pieces.has(piece)) this.#outbox.send(peer.number, { kind: 'have', piece });
      else if (this.#ledger.wanted.has(piece)) {
        peer.usefulPieces -= 1;
        this.#updateInterest(peer);
      }
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
