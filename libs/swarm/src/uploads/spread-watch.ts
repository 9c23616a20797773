import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';

/** A piece that more peers have says nothing of who passed it on. */
export const SPREADERS_MAX = 4;

/**
 * Sees who passes pieces on. A piece that appears at a peer to whom we did not give it came from one of those who had it; while
 * they are few, each is credited with a share, larger the more is known of it already. Nothing is taken on anybody's word about
 * itself.
 */
export class SpreadWatch {
  readonly #ledger: PieceLedger;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #seedCount: () => number;
  /** Pieces of which a peer got blocks from us, until it has them. */
  readonly #given = new Map<SwarmPeer, Set<number>>();
  readonly #spreadBytes = new Map<SwarmPeer, number>();

  constructor(options: {
    ledger: PieceLedger;
    peers: ReadonlyMap<number, SwarmPeer>;
    /** Seeds that are connected: where there are others, they may have passed on anything. */
    seedCount: () => number;
  }) {
    this.#ledger = options.ledger;
    this.#peers = options.peers;
    this.#seedCount = options.seedCount;
  }

  /** What others are believed to have got from this peer. */
  spreadBytes(peer: SwarmPeer): number {
    return this.#spreadBytes.get(peer) ?? 0;
  }

  /** A block of the piece left for the peer. */
  blockSent(peer: SwarmPeer, piece: number): void {
    const given = this.#given.get(peer);
    if (given) given.add(piece);
    else this.#given.set(peer, new Set([piece]));
  }

  /** The peer says that it has the piece now. */
  appeared(peer: SwarmPeer, piece: number): void {
    const isFromUs = this.#given.get(peer)?.delete(piece) === true;
    if (isFromUs || this.#ledger.wantedLeft > 0 || this.#seedCount() > 0) return;
    // The peer itself is counted by now.
    if (this.#ledger.rarity.count(piece) > SPREADERS_MAX + 1) return;
    const spreaders = [...this.#peers.values()].filter((other) => other !== peer && other.pieces.has(piece));
    const pieceBytes = this.#ledger.layout.filledBytes(piece);
    const belief = (spreader: SwarmPeer): number => pieceBytes / 8 + this.spreadBytes(spreader);
    const sum = spreaders.reduce((total, spreader) => total + belief(spreader), 0);
    for (const spreader of spreaders) {
      const share = (pieceBytes * belief(spreader)) / sum;
      this.#spreadBytes.set(spreader, this.spreadBytes(spreader) + share);
    }
  }

  left(peer: SwarmPeer): void {
    this.#spreadBytes.delete(peer);
    this.#given.delete(peer);
  }
}
