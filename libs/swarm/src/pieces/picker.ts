import { NOBODY, type OpenPiece } from './open-piece.ts';
import type { PieceLedger } from './piece-ledger.ts';
import { blockKey } from './block-key.ts';
import type { Tier } from './rarity-order.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';

/** Pieces picked at random before rarest first: a newcomer needs something to trade soon. */
export const RANDOM_FIRST_PIECES = 4;
/** Peers that are asked for the same block once all is asked for. */
export const ENDGAME_ASKERS_MAX = 3;
/** Blocks asked for a second time that one peer may have under way. */
export const ENDGAME_REQUESTS_MAX = 8;

/** A piece that is waited for and has had no block for so long is late. */
const LATE_MS = 2_000;

export interface PickedBlock {
  readonly open: OpenPiece;
  readonly block: number;
}

export interface PickerContext {
  readonly ledger: PieceLedger;
  readonly random: () => number;
  /** How a web run holds the piece: `held` while its bytes are under way. */
  readonly webReservation: (piece: number) => 'none' | 'planned' | 'held';
  /** Whether the piece failed before and is to come from one peer alone. */
  readonly isOnParole: (piece: number) => boolean;
  /** Opens a slot for a piece that is opened. */
  readonly openPiece: (piece: number, nowMs: number) => OpenPiece;
  /** Whether memory allows for one more piece. */
  readonly makeRoomFor: (piece: number, nowMs: number) => boolean;
}

/**
 * Chooses what to ask a peer for. Each peer leads a piece of its own, so that pieces become whole soon and their authors are
 * known; it helps with others' pieces when nothing else is left, and repeats requests in the endgame.
 */
export class Picker {
  readonly #context: PickerContext;

  constructor(context: PickerContext) {
    this.#context = context;
  }

  next(peer: SwarmPeer, nowMs: number): PickedBlock | undefined {
    return (
      this.#ofUrgentPiece(peer, nowMs) ??
      this.#ofLedPiece(peer) ??
      this.#ofLeaderlessPiece(peer) ??
      this.#ofNewPiece(peer, nowMs) ??
      this.#ofOthersPiece(peer) ??
      this.#ofEndgame(peer)
    );
  }

  /** What is waited for right now comes in order and before all else; what is late there is asked of several. */
  #ofUrgentPiece(peer: SwarmPeer, nowMs: number): PickedBlock | undefined {
    const { ledger, webReservation } = this.#context;
    if (ledger.urgent.size === 0 || this.#isOnDuty(peer)) return undefined;
    for (const piece of ledger.urgent) {
      if (!ledger.isNeeded(piece) || !peer.offers(piece)) continue;
      const open = ledger.openPiece(piece);
      if (!open) {
        const picked = webReservation(piece) === 'held' ? undefined : this.#open(peer, piece, nowMs);
        if (picked) return picked;
      } else if (!open.isExclusive) {
        const block = open.nextMissing() ?? this.#lateBlock(peer, open, nowMs);
        if (block !== undefined) return { open, block };
      }
    }
    return undefined;
  }

  /** Whether it is to bring a piece that nobody else may help with. */
  #isOnDuty(peer: SwarmPeer): boolean {
    const led = peer.leads === undefined ? undefined : this.#context.ledger.openPiece(peer.leads);
    return led?.leader === peer.number && led.isExclusive && led.missingCount > 0;
  }

  #lateBlock(peer: SwarmPeer, open: OpenPiece, nowMs: number): number | undefined {
    if (nowMs - open.lastBlockMs < LATE_MS || peer.asked.size >= ENDGAME_REQUESTS_MAX) return undefined;
    return this.#blockToRepeat(peer, open);
  }

  #ofLedPiece(peer: SwarmPeer): PickedBlock | undefined {
    if (peer.leads === undefined || (peer.isChokingUs && !peer.offers(peer.leads))) return undefined;
    const open = this.#context.ledger.openPiece(peer.leads);
    // It may have taken the piece back (BEP 54).
    if (open?.leader === peer.number && !peer.pieces.has(open.piece)) open.leader = NOBODY;
    const block = open?.leader === peer.number ? open.nextMissing() : undefined;
    if (open && block !== undefined) return { open, block };
    peer.leads = undefined;
    return undefined;
  }

  #ofLeaderlessPiece(peer: SwarmPeer): PickedBlock | undefined {
    for (const open of this.#context.ledger.lackingPieces) {
      // A block that was rejected comes back to the leader, who thought that it had asked for all.
      const isFree = open.leader === NOBODY || open.leader === peer.number;
      if (isFree && peer.offers(open.piece)) return this.#lead(peer, open);
    }
    return undefined;
  }

  #ofNewPiece(peer: SwarmPeer, nowMs: number): PickedBlock | undefined {
    const { ledger, makeRoomFor } = this.#context;
    if (ledger.rarity.size === 0 || peer.hadNothingNewAt === ledger.pickable) return undefined;
    if (!makeRoomFor(ledger.rarity.at(0), nowMs)) return undefined;
    const piece = this.#newPiece(peer);
    if (piece === undefined) {
      peer.hadNothingNewAt = ledger.pickable;
      return undefined;
    }
    return this.#open(peer, piece, nowMs);
  }

  #open(peer: SwarmPeer, piece: number, nowMs: number): PickedBlock | undefined {
    const { makeRoomFor, openPiece, isOnParole } = this.#context;
    if (!makeRoomFor(piece, nowMs)) return undefined;
    const open = openPiece(piece, nowMs);
    open.isExclusive = isOnParole(piece);
    return this.#lead(peer, open);
  }

  #newPiece(peer: SwarmPeer): number | undefined {
    const { rarity } = this.#context.ledger;
    const suggested = rarity.tierCount === 1 ? this.#suggestedPiece(peer) : undefined;
    if (suggested !== undefined) return suggested;
    for (let tier = 0; tier < rarity.tierCount; tier += 1) {
      const piece = this.#newPieceOf(peer, rarity.tier(tier));
      if (piece !== undefined) return piece;
    }
    return undefined;
  }

  /** What the peer would rather send (BEP 6): it has it at hand, or sees that few have it. */
  #suggestedPiece(peer: SwarmPeer): number | undefined {
    const { ledger, webReservation } = this.#context;
    for (const piece of peer.suggested) {
      peer.suggested.delete(piece);
      if (ledger.rarity.includes(piece) && peer.offers(piece) && webReservation(piece) === 'none') return piece;
    }
    return undefined;
  }

  #newPieceOf(peer: SwarmPeer, { start, unavailableEnd, end }: Tier): number | undefined {
    const { ledger, random, webReservation } = this.#context;
    // A seed is not counted piece by piece: it may have pieces that nobody is counted for.
    const firstPlace = peer.countedAsSeed ? start : unavailableEnd;
    const places = end - firstPlace;
    const skipped = ledger.have.count < RANDOM_FIRST_PIECES ? Math.floor(random() * places) : 0;
    let planned: number | undefined;
    for (let step = 0; step < places; step += 1) {
      const piece = ledger.rarity.at(firstPlace + ((step + skipped) % places));
      if (!peer.offers(piece)) continue;
      const reservation = webReservation(piece);
      if (reservation === 'none') return piece;
      // The end of a run is what the web seed comes to last.
      if (reservation === 'planned') planned = Math.max(planned ?? 0, piece);
    }
    return planned;
  }

  #ofOthersPiece(peer: SwarmPeer): PickedBlock | undefined {
    const open = this.#helpedPiece(peer) ?? this.#pieceToHelpWith(peer);
    const block = open?.nextMissing();
    peer.helps = open?.piece;
    return open && block !== undefined ? { open, block } : undefined;
  }

  #helpedPiece(peer: SwarmPeer): OpenPiece | undefined {
    const open = peer.helps === undefined ? undefined : this.#context.ledger.openPiece(peer.helps);
    return open && open.missingCount > 0 && !open.isExclusive && peer.offers(open.piece) ? open : undefined;
  }

  #pieceToHelpWith(peer: SwarmPeer): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const open of this.#context.ledger.lackingPieces) {
      if (open.isExclusive || !peer.offers(open.piece)) continue;
      if (!best || open.missingCount > best.missingCount) best = open;
    }
    return best;
  }

  #ofEndgame(peer: SwarmPeer): PickedBlock | undefined {
    const { ledger } = this.#context;
    if (!ledger.isAllAskedFor || peer.asked.size >= ENDGAME_REQUESTS_MAX) return undefined;
    for (const open of ledger.openPieces) {
      if (open.isExclusive || !peer.offers(open.piece)) continue;
      const block = this.#blockToRepeat(peer, open);
      if (block !== undefined) return { open, block };
    }
    return undefined;
  }

  #blockToRepeat(peer: SwarmPeer, open: OpenPiece): number | undefined {
    for (let block = 0; block < open.blockCount; block += 1) {
      const mayAsk = !open.isReceived(block) && open.askersOf(block) < ENDGAME_ASKERS_MAX;
      if (mayAsk && !peer.asked.has(blockKey(open.piece, block))) return block;
    }
    return undefined;
  }

  #lead(peer: SwarmPeer, open: OpenPiece): PickedBlock | undefined {
    const block = open.nextMissing();
    if (block === undefined) return undefined;
    const former = peer.leads === undefined ? undefined : this.#context.ledger.openPiece(peer.leads);
    if (former?.leader === peer.number && !former.isExclusive && former.missingCount > 0) former.leader = NOBODY;
    open.leader = peer.number;
    peer.leads = open.piece;
    return { open, block };
  }
}
