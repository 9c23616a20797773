import { blockHashesOf } from '@swarmpatch/merkle';
import type { BlockLayout, PieceStore, Swarm } from '@swarmpatch/swarm';

/** Reads pieces again for the hashes of their blocks, which peers ask for (BEP 52). */
export class LeafReader {
  readonly #swarm: Swarm;
  readonly #store: PieceStore;
  readonly #layout: BlockLayout;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;

  constructor(options: {
    swarm: Swarm;
    store: PieceStore;
    layout: BlockLayout;
    nowMs: () => number;
    /** The engine was told something. */
    onChange: () => void;
  }) {
    this.#swarm = options.swarm;
    this.#store = options.store;
    this.#layout = options.layout;
    this.#nowMs = options.nowMs;
    this.#onChange = options.onChange;
  }

  read(piece: number): void {
    void this.#read(piece);
  }

  async #read(piece: number): Promise<void> {
    // What cannot be read is not served; the engine compares what can with the piece's own hash.
    const bytes = await this.#store.read(piece, 0, this.#layout.filledBytes(piece)).catch(() => undefined);
    this.#swarm.leavesRead(piece, bytes && blockHashesOf(bytes), this.#nowMs());
    this.#onChange();
  }
}
