import type { Outbox } from '../command.ts';
import type { BlockLayout } from '../pieces/block-layout.ts';

/** Pieces that are read for their block hashes at a time. */
export const LEAF_READS_MAX = 2;
/** Bytes read for block hashes in a second: serving pieces comes first. */
export const LEAF_READ_BYTES_PER_SECOND_MAX: number = 32 * 1024 * 1024;
/** Block hashes that are kept after they were asked for. */
export const LEAF_CACHE_BYTES_MAX: number = 4 * 1024 * 1024;

/** Reads pieces again for the hashes of their blocks, no more than is bearable, and keeps the latest. */
export class LeafReads {
  readonly #outbox: Outbox;
  readonly #layout: BlockLayout;
  readonly #leaves = new Map<number, Uint8Array>();
  readonly #wanted = new Set<number>();
  readonly #reading = new Set<number>();
  #leavesBytes = 0;
  #nextMs = -Infinity;

  constructor(options: { outbox: Outbox; layout: BlockLayout }) {
    this.#outbox = options.outbox;
    this.#layout = options.layout;
  }

  leavesOf(piece: number): Uint8Array | undefined {
    return this.#leaves.get(piece);
  }

  isUnderWay(piece: number): boolean {
    return this.#wanted.has(piece) || this.#reading.has(piece);
  }

  want(piece: number, nowMs: number): void {
    if (!this.#reading.has(piece)) this.#wanted.add(piece);
    this.pump(nowMs);
  }

  done(piece: number, leaves: Uint8Array | undefined, nowMs: number): void {
    this.#reading.delete(piece);
    if (leaves) this.#keep(piece, leaves);
    this.pump(nowMs);
  }

  pump(nowMs: number): void {
    for (const piece of this.#wanted) {
      if (this.#reading.size >= LEAF_READS_MAX || nowMs < this.#nextMs) return;
      this.#wanted.delete(piece);
      this.#reading.add(piece);
      const costMs = (this.#layout.filledBytes(piece) * 1000) / LEAF_READ_BYTES_PER_SECOND_MAX;
      this.#nextMs = Math.max(this.#nextMs, nowMs - 1000) + costMs;
      this.#outbox.put({ kind: 'read_leaves', piece });
    }
  }

  #keep(piece: number, leaves: Uint8Array): void {
    this.#leavesBytes += leaves.length - (this.#leaves.get(piece)?.length ?? 0);
    this.#leaves.delete(piece);
    this.#leaves.set(piece, leaves);
    for (const [oldest, { length }] of this.#leaves) {
      if (this.#leavesBytes <= LEAF_CACHE_BYTES_MAX) return;
      this.#leaves.delete(oldest);
      this.#leavesBytes -= length;
    }
  }
}
