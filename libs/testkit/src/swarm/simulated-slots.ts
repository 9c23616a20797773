import type { BlockLayout, PieceSlots } from '@swarmpatch/swarm';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

/** Plain memory for pieces, which is strict about how it is used. */
export class SimulatedSlots implements PieceSlots {
  readonly #layout: BlockLayout;
  readonly #slots = new Map<number, Uint8Array>();

  constructor(layout: BlockLayout) {
    this.#layout = layout;
  }

  get count(): number {
    return this.#slots.size;
  }

  open(piece: number): void {
    if (this.#slots.has(piece)) throw new Error(`piece ${piece} has a slot already`);
    this.#slots.set(piece, new Uint8Array(this.#layout.sizeBytes(piece)));
  }

  write(piece: number, begin: number, bytes: Uint8Array): void {
    this.dataOf(piece).set(bytes, begin);
  }

  adopt(piece: number, data: Uint8Array): void {
    this.#slots.set(piece, data.slice());
  }

  fingerprints(piece: number): readonly string[] {
    const data = this.dataOf(piece);
    return Array.from({ length: this.#layout.blockCount(piece) }, (_, block) =>
      Buffer.from(data.subarray(block * BLOCK_LENGTH_BYTES, (block + 1) * BLOCK_LENGTH_BYTES)).toString('latin1'),
    );
  }

  release(piece: number): void {
    this.#slots.delete(piece);
  }

  dataOf(piece: number): Uint8Array {
    const slot = this.#slots.get(piece);
    if (!slot) throw new Error(`piece ${piece} has no slot`);
    return slot;
  }
}
