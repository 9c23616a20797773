import type { OpenPiece } from './open-piece.ts';
import type { PieceLedger } from './piece-ledger.ts';
import type { PieceSlots } from '../ports.ts';

/** Memory for pieces that are not written yet. */
export const HELD_BYTES_MAX: number = 64 * 1024 * 1024;
/** An open piece without news for so long makes room when memory is full. */
const IDLE_PIECE_MS = 10_000;
/** How long nothing is looked for after nothing idle was found. */
const IDLE_CHECK_MS = 500;

/** Opens pieces together with their memory, and gives both up. */
export class HeldPieces {
  readonly #ledger: PieceLedger;
  readonly #slots: PieceSlots;
  #nextCheckMs = 0;

  constructor(ledger: PieceLedger, slots: PieceSlots) {
    this.#ledger = ledger;
    this.#slots = slots;
  }

  open(piece: number, nowMs: number): OpenPiece {
    const open = this.#ledger.open(piece, nowMs);
    this.#slots.open(piece);
    return open;
  }

  giveUp(open: OpenPiece): void {
    this.#ledger.giveUp(open);
    this.#slots.release(open.piece);
  }

  /** Memory is bounded: an open piece with which nothing goes on has to yield. False when there is none. */
  makeRoomFor(piece: number, nowMs: number): boolean {
    if (this.#ledger.hasRoomFor(piece)) return true;
    if (nowMs < this.#nextCheckMs) return false;
    for (const open of this.#ledger.openPieces) {
      if (open.askedCount > 0 || nowMs - open.lastBlockMs < IDLE_PIECE_MS) continue;
      this.giveUp(open);
      if (this.#ledger.hasRoomFor(piece)) return true;
    }
    this.#nextCheckMs = nowMs + IDLE_CHECK_MS;
    return false;
  }
}
