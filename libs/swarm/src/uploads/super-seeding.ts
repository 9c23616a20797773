import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';

/** Pieces that a peer is told of before one of them was seen elsewhere. */
export const REVEALED_PIECES_MAX = 2;
/** A piece that was not seen elsewhere for so long is shown to another peer, and its peer another piece. */
const REVEAL_PATIENCE_MS = 30_000;

interface Reveal {
  readonly peer: SwarmPeer;
  readonly atMs: number;
}

/**
 * Gives a first copy away with as few bytes as can be (BEP 16). The seed looks like a peer without pieces and tells each peer
 * of a few, of which nobody has a copy; a peer hears of the next when one of them was seen elsewhere.
 */
export class SuperSeeding {
  readonly #ledger: PieceLedger;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #outbox: Outbox;
  readonly #random: () => number;
  /** Pieces that wait to be seen elsewhere, by piece. */
  readonly #waiting = new Map<number, Reveal>();
  /** Pieces that one peer has and nobody gets from it. */
  readonly #stuck = new Set<number>();
  /** All that each peer was told of. */
  readonly #told = new Map<SwarmPeer, Set<number>>();

  constructor(options: {
    ledger: PieceLedger;
    peers: ReadonlyMap<number, SwarmPeer>;
    outbox: Outbox;
    random: () => number;
  }) {
    this.#ledger = options.ledger;
    this.#peers = options.peers;
    this.#outbox = options.outbox;
    this.#random = options.random;
  }

  /** In place of a bitfield. */
  greet(peer: SwarmPeer, nowMs: number): void {
    if (peer.capabilities.fast) this.#outbox.send(peer.number, { kind: 'have_none' });
    this.#told.set(peer, new Set());
    this.#reveal(peer, nowMs);
  }

  /** Whether the peer was told of the piece. */
  mayServe(peer: SwarmPeer, piece: number): boolean {
    return this.#told.get(peer)?.has(piece) === true;
  }

  /** A peer has a piece now. */
  appeared(peer: SwarmPeer, piece: number, nowMs: number): void {
    const reveal = this.#waiting.get(piece);
    if (!this.#told.get(peer)?.has(piece)) this.#stuck.delete(piece);
    if (!reveal || (reveal.peer === peer && this.#isWantedElsewhere(peer, piece))) return;
    this.#waiting.delete(piece);
    this.#reveal(reveal.peer, nowMs);
  }

  left(peer: SwarmPeer, nowMs: number): void {
    this.#told.delete(peer);
    for (const [piece, reveal] of this.#waiting) if (reveal.peer === peer) this.#waiting.delete(piece);
    for (const other of this.#told.keys()) this.#reveal(other, nowMs);
  }

  tick(nowMs: number): void {
    let isStuck = false;
    for (const [piece, { atMs }] of this.#waiting) {
      if (nowMs - atMs < REVEAL_PATIENCE_MS) continue;
      this.#waiting.delete(piece);
      this.#stuck.add(piece);
      isStuck = true;
    }
    if (isStuck) for (const peer of this.#told.keys()) this.#reveal(peer, nowMs);
  }

  #isWantedElsewhere(peer: SwarmPeer, piece: number): boolean {
    for (const other of this.#peers.values()) if (other !== peer && !other.pieces.has(piece)) return true;
    return false;
  }

  #reveal(peer: SwarmPeer, nowMs: number): void {
    const told = this.#told.get(peer);
    if (!told) return;
    let waiting = 0;
    for (const reveal of this.#waiting.values()) if (reveal.peer === peer) waiting += 1;
    for (; waiting < REVEALED_PIECES_MAX; waiting += 1) {
      const piece = this.#choose(peer, told);
      if (piece === undefined) return;
      told.add(piece);
      this.#waiting.set(piece, { peer, atMs: nowMs });
      this.#outbox.send(peer.number, { kind: 'have', piece });
    }
  }

  /** A piece that nobody has or was told of; any place to start from is as good as another. */
  #choose(peer: SwarmPeer, told: ReadonlySet<number>): number | undefined {
    const { have, layout, rarity } = this.#ledger;
    const start = Math.floor(this.#random() * layout.pieceCount);
    for (let step = 0; step < layout.pieceCount; step += 1) {
      const piece = (start + step) % layout.pieceCount;
      const isNew = rarity.count(piece) === 0 || this.#stuck.has(piece);
      if (!isNew || this.#waiting.has(piece) || told.has(piece)) continue;
      if (have.has(piece) && !peer.pieces.has(piece)) return piece;
    }
    return undefined;
  }
}
