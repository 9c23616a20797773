import type { PeerSessions } from '../peers/peer-sessions.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceSlots } from '../ports.ts';
import type { HeldPieces } from './held-pieces.ts';
import type { PieceFinish } from './piece-finish.ts';
import type { PieceLedger } from './piece-ledger.ts';
import type { Requests } from './requests.ts';

/** Pieces that come and go without the network: equal files bring some, damage on disk takes some away. */
export class DiskPieces {
  readonly #ledger: PieceLedger;
  readonly #slots: PieceSlots;
  readonly #held: HeldPieces;
  readonly #requests: Requests;
  readonly #finish: PieceFinish;
  readonly #sessions: PeerSessions;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;

  constructor(options: {
    ledger: PieceLedger;
    slots: PieceSlots;
    held: HeldPieces;
    requests: Requests;
    finish: PieceFinish;
    sessions: PeerSessions;
    peers: ReadonlyMap<number, SwarmPeer>;
  }) {
    this.#ledger = options.ledger;
    this.#slots = options.slots;
    this.#held = options.held;
    this.#requests = options.requests;
    this.#finish = options.finish;
    this.#sessions = options.sessions;
    this.#peers = options.peers;
  }

  /** These bytes, pads included, are said to be the piece: they are verified like any others. Whether they are taken. */
  adopt(piece: number, data: Uint8Array, nowMs: number): boolean {
    if (!this.#ledger.isNeeded(piece) || !this.#held.makeRoomFor(piece, nowMs)) return false;
    this.#cancel(piece);
    this.#ledger.receiveWhole(piece);
    this.#finish.cameFromDisk(piece, data);
    return true;
  }

  /** The piece was verified and is in its place. Whether that was news. */
  found(piece: number): boolean {
    if (!this.#ledger.isNeeded(piece)) return false;
    this.#cancel(piece);
    if (this.#ledger.stateOf(piece) === 'open') this.#slots.release(piece);
    this.#ledger.foundOnDisk(piece);
    this.#finish.foundOnDisk(piece);
    return true;
  }

  /** The piece is damaged. Whether it was had. */
  lost(piece: number, then: 'fetch' | 'leave'): boolean {
    if (!this.#ledger.have.has(piece)) return false;
    this.#ledger.lost(piece);
    if (then === 'leave') this.#ledger.doNotWant(piece);
    this.#sessions.lostPiece(piece, this.#peers.values());
    for (const peer of this.#peers.values()) this.#requests.hasMore(peer);
    return true;
  }

  #cancel(piece: number): void {
    const open = this.#ledger.openPiece(piece);
    if (open) this.#requests.cancelPiece(open);
  }
}
