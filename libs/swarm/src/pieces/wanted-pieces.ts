import type { PieceRange } from '@swarmpatch/metainfo';

import { urgentPieces } from '../web/urgent-pieces.ts';
import { Bitfield } from './bitfield.ts';
import type { BlockLayout } from './block-layout.ts';

/** What is to be fetched, how much of it is left, what is waited for right now, and what others on this disk bring. */
export class WantedPieces {
  readonly bits: Bitfield;
  readonly #layout: BlockLayout;
  #leftCount = 0;
  #leftBytes = 0;
  #urgent: ReadonlySet<number> = urgentPieces(undefined);
  #leftToOthers: Bitfield | undefined;

  /** @param options.have Pieces that are here already. */
  constructor(options: { layout: BlockLayout; wanted: Bitfield; have: Bitfield }) {
    this.#layout = options.layout;
    this.bits = options.wanted;
    for (let piece = 0; piece < options.layout.pieceCount; piece += 1) if (!options.have.has(piece)) this.lost(piece);
  }

  /** Wanted pieces that are not written yet. */
  get leftCount(): number {
    return this.#leftCount;
  }

  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** Pieces that are waited for right now, in order. */
  get urgent(): ReadonlySet<number> {
    return this.#urgent;
  }

  has(piece: number): boolean {
    return this.bits.has(piece);
  }

  /** It is written now. */
  had(piece: number): void {
    if (this.has(piece)) this.#count(piece, -1);
  }

  /** It is not written, or not any more. */
  lost(piece: number): void {
    if (this.has(piece)) this.#count(piece, 1);
  }

  /** A piece that is not written is not wanted any more. False when it was not wanted before. */
  forgo(piece: number): boolean {
    if (!this.bits.delete(piece)) return false;
    this.#count(piece, -1);
    return true;
  }

  /** @param priorities By piece, the highest first; undefined when all are equal. */
  setPriorities(priorities: Uint8Array | undefined): void {
    this.#urgent = urgentPieces(priorities);
  }

  leaveToOthers(ranges: readonly PieceRange[]): void {
    const left = ranges.length > 0 ? new Bitfield(this.#layout.pieceCount) : undefined;
    for (const { first, end } of ranges) for (let piece = first; piece < end; piece += 1) left?.add(piece);
    this.#leftToOthers = left;
  }

  isLeftToOthers(piece: number): boolean {
    return this.#leftToOthers?.has(piece) === true && !this.#urgent.has(piece);
  }

  #count(piece: number, step: 1 | -1): void {
    this.#leftCount += step;
    this.#leftBytes += step * this.#layout.filledBytes(piece);
  }
}
