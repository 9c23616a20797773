import { hash } from 'node:crypto';

import type { BlockLayout, PieceSlots } from '@swarmpatch/swarm';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

/** Slots of finished pieces that are kept for the next ones. */
const SPARE_SLOTS_BYTES_MAX = 32 * 1024 * 1024;

/** Memory for pieces until they are written. */
export class MemorySlots implements PieceSlots {
  readonly #layout: BlockLayout;
  readonly #allocate: (lengthBytes: number) => Uint8Array;
  readonly #spareMax: number;
  readonly #slots = new Map<number, Uint8Array>();
  #spare: Uint8Array[] = [];

  /** @param allocate Memory of that length, all zeros. */
  constructor(layout: BlockLayout, allocate: (lengthBytes: number) => Uint8Array) {
    this.#layout = layout;
    this.#allocate = allocate;
    this.#spareMax = Math.max(2, Math.floor(SPARE_SLOTS_BYTES_MAX / Math.max(1, layout.pieceLengthBytes)));
  }

  open(piece: number): void {
    const slot = this.#spare.pop() ?? this.#allocate(this.#layout.pieceLengthBytes);
    slot.fill(0, this.#layout.filledBytes(piece));
    this.#slots.set(piece, slot);
  }

  write(piece: number, begin: number, bytes: Uint8Array): void {
    this.#slotOf(piece).set(bytes, begin);
  }

  adopt(piece: number, data: Uint8Array): void {
    if (!this.#slots.has(piece)) this.open(piece);
    this.#slotOf(piece).set(data);
  }

  /** The bytes of a held piece, pads included. */
  dataOf(piece: number): Uint8Array {
    return this.#slotOf(piece).subarray(0, this.#layout.sizeBytes(piece));
  }

  fingerprints(piece: number): readonly string[] {
    const data = this.dataOf(piece);
    return Array.from({ length: this.#layout.blockCount(piece) }, (_, block) => {
      const begin = block * BLOCK_LENGTH_BYTES;
      return hash('sha256', data.subarray(begin, begin + this.#layout.blockLengthBytes(piece, block)), 'binary');
    });
  }

  release(piece: number): void {
    const slot = this.#slots.get(piece);
    if (!slot) return;
    this.#slots.delete(piece);
    if (this.#spare.length < this.#spareMax) this.#spare.push(slot);
  }

  /** Lets go of all memory. */
  clear(): void {
    this.#slots.clear();
    this.#spare = [];
  }

  #slotOf(piece: number): Uint8Array {
    const slot = this.#slots.get(piece);
    if (!slot) throw new Error(`use the slot of piece ${piece}: it has none`);
    return slot;
  }
}
