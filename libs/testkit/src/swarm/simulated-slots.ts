import type { BlockLayout, PieceSlots } from '@swarmpatch/swarm';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

import { isGood } from './simulated-torrent.ts';

const EMPTY = 0;
const GOOD = 1;
const BAD = 2;

/** The memory of a launcher for pieces: it keeps of each block whether it is there and good, and is strict about its use. */
export class SimulatedSlots implements PieceSlots {
  heldBytes = 0;
  readonly #layout: BlockLayout;
  readonly #slots = new Map<number, Uint8Array>();

  constructor(layout: BlockLayout) {
    this.#layout = layout;
  }

  open(piece: number): void {
    if (this.#slots.has(piece)) throw new Error(`open a slot: piece ${piece} has one already`);
    this.#add(piece, EMPTY);
  }

  write(piece: number, begin: number, bytes: Uint8Array): void {
    this.#slotOf(piece)[begin / BLOCK_LENGTH_BYTES] = isGood(bytes) ? GOOD : BAD;
  }

  adopt(piece: number, data: Uint8Array): void {
    this.release(piece);
    this.#add(piece, isGood(data) ? GOOD : BAD);
  }

  fingerprints(piece: number): readonly string[] {
    return Array.from(this.#slotOf(piece), (block) => (block === GOOD ? 'good' : 'bad'));
  }

  release(piece: number): void {
    if (this.#slots.delete(piece)) this.heldBytes -= this.#layout.sizeBytes(piece);
  }

  /** Every block of the piece is there, and good. */
  isGood(piece: number): boolean {
    return this.#slotOf(piece).every((block) => block === GOOD);
  }

  #add(piece: number, content: number): void {
    this.#slots.set(piece, new Uint8Array(this.#layout.blockCount(piece)).fill(content));
    this.heldBytes += this.#layout.sizeBytes(piece);
  }

  #slotOf(piece: number): Uint8Array {
    const slot = this.#slots.get(piece);
    if (!slot) throw new Error(`use the slot of piece ${piece}: it has none`);
    return slot;
  }
}
