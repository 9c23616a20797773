import { ALLOWED_FAST_PIECES, allowedFastSet, type BlockSpan, ProtocolError } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { PeerSessions } from '../peers/peer-sessions.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';

/** A newcomer is served no more than so much while it is choked, and one piece. */
export const ALLOWED_FAST_BYTES_MAX: number = 8 * 1024 * 1024;
/** Allowed and suggested pieces of one peer that are remembered, each. */
export const HINTED_PIECES_MAX = 64;

/**
 * The hints of BEP 6. Newcomers are offered a few pieces in spite of a choke, so that they have something to trade. All of
 * one subnet would be offered the same ones: one of them is.
 */
export class FastPieces {
  readonly #ledger: PieceLedger;
  readonly #sessions: PeerSessions;
  readonly #outbox: Outbox;
  readonly #infohash: Uint8Array | undefined;
  /** By subnet, who was made the offer. */
  readonly #offered = new Map<string, number>();

  /** @param options.infohash 20 bytes: without it nothing is offered. */
  constructor(options: {
    ledger: PieceLedger;
    sessions: PeerSessions;
    outbox: Outbox;
    infohash: Uint8Array | undefined;
  }) {
    this.#ledger = options.ledger;
    this.#sessions = options.sessions;
    this.#outbox = options.outbox;
    this.#infohash = options.infohash;
  }

  /** To be called once the peer was told what is here. */
  offer(peer: SwarmPeer): void {
    const { layout, have } = this.#ledger;
    const host = peer.place;
    // BEP 6 has no rule for IPv6.
    if (!peer.capabilities.fast || !this.#infohash || host.bytes?.length !== 4) return;
    if (this.#offered.has(host.subnet)) return;
    const affordable = Math.max(1, Math.floor(ALLOWED_FAST_BYTES_MAX / layout.pieceLengthBytes));
    const count = Math.min(ALLOWED_FAST_PIECES, affordable);
    const pieces = allowedFastSet(host.bytes, this.#infohash, layout.pieceCount, count);
    this.#offered.set(host.subnet, peer.number);
    for (const piece of pieces) {
      if (!have.has(piece)) continue;
      peer.offeredFast.set(piece, 0);
      this.#outbox.send(peer.number, { kind: 'allowed_fast', piece });
    }
  }

  left(peer: SwarmPeer): void {
    const { subnet } = peer.place;
    if (this.#offered.get(subnet) === peer.number) this.#offered.delete(subnet);
  }

  /** @throws {ProtocolError} `bad_sequence`, `bad_piece_index` */
  hinted(peer: SwarmPeer, kind: 'suggest' | 'allowed_fast', piece: number): void {
    if (!peer.capabilities.fast) {
      throw new ProtocolError('bad_sequence', `read "${kind}": the fast extension (BEP 6) is not agreed on`);
    }
    this.#sessions.expectPiece(piece, `"${kind}"`);
    const pieces = kind === 'suggest' ? peer.suggested : peer.allowedFast;
    if (pieces.size < HINTED_PIECES_MAX) pieces.add(piece);
  }

  /** Whether a choked peer is served this: each offered piece once, until the peer has as many as it was offered. */
  maySpend(peer: SwarmPeer, { piece, lengthBytes }: BlockSpan): boolean {
    const spentBytes = peer.offeredFast.get(piece);
    if (spentBytes === undefined || peer.pieces.count > ALLOWED_FAST_PIECES) return false;
    if (spentBytes + lengthBytes > this.#ledger.layout.pieceLengthBytes) return false;
    peer.offeredFast.set(piece, spentBytes + lengthBytes);
    return true;
  }
}
