/**
 * Invariant: every piece is in exactly one state, and only this file moves it.
 *
 *     absent ── open ──┬── verifying ── writing ── have
 *        └─────────────┘
 *
 * An absent piece holds no bytes. An open piece holds blocks, and each of its blocks is missing, asked for, or received. A
 * verifying or writing piece is held whole. `open` falls back to `absent` when it is given up, `verifying` when its bytes
 * are wrong, and `have` when they are lost on disk. A piece that another's file on this disk brings goes straight to `have`.
 * A wanted absent piece, and no other, is in the rarity order.
 */
import type { PieceRange } from '@swarmpatch/metainfo';

import { Bitfield } from './bitfield.ts';
import type { BlockLayout } from './block-layout.ts';
import { OpenPiece } from './open-piece.ts';
import { RarityOrder } from './rarity-order.ts';
import { WantedPieces } from './wanted-pieces.ts';

export type PieceState = 'absent' | 'open' | 'verifying' | 'writing' | 'have';

const STATES: readonly PieceState[] = ['absent', 'open', 'verifying', 'writing', 'have'];
const ABSENT = 0;
const OPEN = 1;
const VERIFYING = 2;
const WRITING = 3;
const HAVE = 4;

export interface PieceLedgerOptions {
  readonly layout: BlockLayout;
  /** Verified and written before. */
  readonly have: Bitfield;
  readonly wanted: Bitfield;
  /** Bytes of open, verifying and writing pieces; two pieces are always allowed. */
  readonly heldBytesMax: number;
  readonly random: () => number;
}

export class PieceLedger {
  readonly layout: BlockLayout;
  readonly have: Bitfield;
  readonly rarity: RarityOrder;
  readonly #states: Uint8Array;
  readonly #open = new Map<number, OpenPiece>();
  /** Open pieces with blocks that nobody was asked for. */
  readonly #lacking = new Set<OpenPiece>();
  readonly #wanted: WantedPieces;
  readonly heldBytesMax: number;
  #heldBytes = 0;
  #supply = 0;
  #pickable = 0;

  constructor(options: PieceLedgerOptions) {
    const { layout, have, wanted } = options;
    this.layout = layout;
    this.have = new Bitfield(layout.pieceCount, have.bits);
    this.#wanted = new WantedPieces({ layout, wanted, have });
    this.rarity = new RarityOrder(layout.pieceCount, options.random);
    this.#states = new Uint8Array(layout.pieceCount);
    this.heldBytesMax = Math.max(options.heldBytesMax, 2 * layout.pieceLengthBytes);
    for (let piece = 0; piece < layout.pieceCount; piece += 1) {
      if (this.have.has(piece)) this.#states[piece] = HAVE;
      else if (wanted.has(piece)) this.rarity.add(piece);
    }
  }

  stateOf(piece: number): PieceState {
    return STATES[this.#states[piece] ?? ABSENT] ?? 'absent';
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get wanted(): Bitfield {
    return this.#wanted.bits;
  }

  /** Wanted pieces that are not written yet. */
  get wantedLeft(): number {
    return this.#wanted.leftCount;
  }

  get wantedLeftBytes(): number {
    return this.#wanted.leftBytes;
  }

  get openPieces(): Iterable<OpenPiece> {
    return this.#open.values();
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Pieces that are waited for right now, in order. */
  get urgent(): ReadonlySet<number> {
    return this.#wanted.urgent;
  }

  /** Grows when something may be asked for that could not before: whoever found nothing may look again. */
  get supply(): number {
    return this.#supply;
  }

  /** Grows when a piece may be opened that could not be before. */
  get pickable(): number {
    return this.#pickable;
  }

  /** Absent pieces that were reserved elsewhere are free again. */
  piecesFreed(): void {
    this.#pickable += 1;
    this.#supply += 1;
  }

  /** Open pieces in which blocks can be asked for. */
  get lackingPieces(): ReadonlySet<OpenPiece> {
    return this.#lacking;
  }

  /** Nothing wanted is left that nobody was asked for. */
  get isAllAskedFor(): boolean {
    return this.rarity.size === 0 && this.#lacking.size === 0;
  }

  openPiece(piece: number): OpenPiece | undefined {
    return this.#open.get(piece);
  }

  /** A piece that is wanted and not yet held whole. */
  isNeeded(piece: number): boolean {
    return this.#wanted.has(piece) && (this.#states[piece] ?? ABSENT) < VERIFYING;
  }

  /** Whether memory allows for the piece; one that is held already needs none. */
  hasRoomFor(piece: number): boolean {
    return this.#states[piece] !== ABSENT || this.#heldBytes + this.layout.sizeBytes(piece) <= this.heldBytesMax;
  }

  /** absent → open */
  open(piece: number, nowMs: number): OpenPiece {
    this.#move(piece, ABSENT, OPEN);
    const open = new OpenPiece(piece, this.layout.blockCount(piece), nowMs);
    this.#open.set(piece, open);
    this.#lacking.add(open);
    return open;
  }

  /** A block is asked for, perhaps once more. */
  ask(open: OpenPiece, block: number): void {
    open.ask(block);
    if (open.missingCount === 0) this.#lackNoMore(open);
  }

  /** One of those who were asked for a block will not send it. */
  unask(open: OpenPiece, block: number): void {
    open.unask(block);
    if (open.isReceived(block) || this.#open.get(open.piece) !== open) return;
    if (open.askersOf(block) === 0) this.#lack(open);
    else if (this.isAllAskedFor) this.#supply += 1;
  }

  /** A block came; it counts as the answer of one who was asked for it. open → verifying once it was the last. */
  receive(open: OpenPiece, block: number, sender: number, nowMs: number): 'open' | 'verifying' {
    open.receive(block, sender, nowMs);
    if (open.missingCount === 0) this.#lackNoMore(open);
    if (open.receivedCount < open.blockCount) return 'open';
    this.#close(open);
    this.#move(open.piece, OPEN, VERIFYING);
    return 'verifying';
  }

  /** What this peer sent is not to be trusted: its blocks are missing again. */
  forgetSender(open: OpenPiece, sender: number): void {
    open.forgetSender(sender);
    if (open.missingCount > 0) this.#lack(open);
  }

  /** A whole piece came from a web seed. absent or open → verifying; false when it is held already. */
  receiveWhole(piece: number): boolean {
    const state = this.#states[piece] ?? ABSENT;
    if (!this.isNeeded(piece)) return false;
    const open = this.#open.get(piece);
    if (open) this.#close(open);
    this.#move(piece, state, VERIFYING);
    return true;
  }

  /** open → absent. Its blocks are lost, and nobody may be asked for one at this time. */
  giveUp(open: OpenPiece): void {
    if (open.askedCount > 0)
      throw new Error(`give up piece ${open.piece}: ${open.askedCount} of its blocks are asked for`);
    this.#close(open);
    this.#move(open.piece, OPEN, ABSENT);
  }

  /** verifying → writing, or → absent. */
  verified(piece: number, result: 'good' | 'bad'): void {
    this.#move(piece, VERIFYING, result === 'good' ? WRITING : ABSENT);
  }

  /** writing → have */
  written(piece: number): void {
    this.#move(piece, WRITING, HAVE);
    this.#had(piece);
  }

  /** Its bytes were put in place by other means. absent or open → have; nobody may be asked for a block of it at this time. */
  foundOnDisk(piece: number): void {
    const open = this.#open.get(piece);
    if (open) this.giveUp(open);
    this.#move(piece, ABSENT, HAVE);
    this.#had(piece);
  }

  /** Its bytes on disk are damaged. have → absent */
  lost(piece: number): void {
    this.#move(piece, HAVE, ABSENT);
    this.have.delete(piece);
    this.#wanted.lost(piece);
  }

  /** Of a piece that is lost: it is not to be fetched. */
  doNotWant(piece: number): void {
    if (this.#states[piece] !== ABSENT) throw new Error(`do without piece ${piece}: it is ${this.stateOf(piece)}`);
    if (this.#wanted.forgo(piece)) this.rarity.remove(piece);
  }

  /** @param priorities By piece, the highest first; undefined when all are equal. */
  setPriorities(priorities: Uint8Array | undefined): void {
    this.#wanted.setPriorities(priorities);
    this.rarity.setPriorities(priorities);
    this.#supply += 1;
  }

  /** Absent pieces of these ranges come from elsewhere than the network, unless they are urgent; until the next call. */
  leaveToOthers(ranges: readonly PieceRange[]): void {
    this.#wanted.leaveToOthers(ranges);
    this.piecesFreed();
  }

  isLeftToOthers(piece: number): boolean {
    return this.#wanted.isLeftToOthers(piece);
  }

  #had(piece: number): void {
    this.have.add(piece);
    this.#wanted.had(piece);
  }

  #lack(open: OpenPiece): void {
    this.#lacking.add(open);
    this.#supply += 1;
  }

  #lackNoMore(open: OpenPiece): void {
    if (this.#lacking.delete(open) && this.isAllAskedFor) this.#supply += 1;
  }

  #close(open: OpenPiece): void {
    this.#open.delete(open.piece);
    this.#lackNoMore(open);
  }

  #move(piece: number, from: number, to: number): void {
    if (this.#states[piece] !== from) {
      throw new Error(`move piece ${piece} to ${STATES[to]}: it is ${this.stateOf(piece)}, ${STATES[from]} is wanted`);
    }
    this.#states[piece] = to;
    if (isHeld(to) && !isHeld(from)) this.#heldBytes += this.layout.sizeBytes(piece);
    if (isHeld(from) && !isHeld(to)) {
      this.#heldBytes -= this.layout.sizeBytes(piece);
      this.#supply += 1;
    }
    if (from === ABSENT) {
      this.rarity.remove(piece);
      if (this.isAllAskedFor) this.#supply += 1;
    }
    if (to === ABSENT && this.#wanted.has(piece)) {
      this.rarity.add(piece);
      this.piecesFreed();
    }
  }
}

function isHeld(state: number): boolean {
  return state > ABSENT && state < HAVE;
}
