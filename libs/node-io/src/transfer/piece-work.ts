import type { PieceVerifier } from '@swarmpatch/metainfo';
import type { PieceStore, Swarm } from '@swarmpatch/swarm';

import type { MemorySlots } from './memory-slots.ts';
import type { PieceHasher } from './piece-hasher.ts';
import { TransferError } from './transfer-error.ts';

/** Pieces written at a time: small files need several to be quick, large pieces just one or two. */
const WRITES_MAX = 16;

/** Verifies and writes held pieces, and tells the engine. */
export class PieceWork {
  readonly #swarm: Swarm;
  readonly #slots: MemorySlots;
  readonly #store: PieceStore;
  readonly #verifier: PieceVerifier;
  readonly #hasher: PieceHasher;
  readonly #nowMs: () => number;
  readonly #onBad: (piece: number) => void;
  readonly #onWritten: (piece: number) => void;
  readonly #onChange: () => void;
  readonly #onFailure: (error: TransferError) => void;
  readonly #toWrite: number[] = [];
  #writing = 0;
  #isStopped = false;

  constructor(options: {
    swarm: Swarm;
    slots: MemorySlots;
    store: PieceStore;
    verifier: PieceVerifier;
    hasher: PieceHasher;
    nowMs: () => number;
    /** The piece is not what it should be. */
    onBad: (piece: number) => void;
    /** The piece lies where it belongs. */
    onWritten: (piece: number) => void;
    onChange: () => void;
    /** The store does not take pieces: the transfer cannot go on. */
    onFailure: (error: TransferError) => void;
  }) {
    this.#swarm = options.swarm;
    this.#slots = options.slots;
    this.#store = options.store;
    this.#verifier = options.verifier;
    this.#hasher = options.hasher;
    this.#nowMs = options.nowMs;
    this.#onBad = options.onBad;
    this.#onWritten = options.onWritten;
    this.#onChange = options.onChange;
    this.#onFailure = options.onFailure;
  }

  verify(piece: number): void {
    void this.#verify(piece);
  }

  write(piece: number): void {
    this.#toWrite.push(piece);
    this.#writeNext();
  }

  /** Begins nothing more; resolves when what was begun is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#writing > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async #verify(piece: number): Promise<void> {
    const digest = this.#verifier.digestOf(piece);
    const isGood = digest !== undefined && (await this.#hasher.matches(digest, this.#slots.dataOf(piece)));
    if (this.#isStopped) return;
    this.#swarm.pieceVerified(piece, isGood ? 'good' : 'bad', this.#nowMs());
    if (!isGood) this.#onBad(piece);
    this.#onChange();
  }

  #writeNext(): void {
    while (!this.#isStopped && this.#writing < WRITES_MAX) {
      const piece = this.#toWrite.shift();
      if (piece === undefined) return;
      this.#writing += 1;
      void this.#write(piece);
    }
  }

  async #write(piece: number): Promise<void> {
    try {
      await this.#store.write(piece, this.#slots.dataOf(piece));
      this.#onWritten(piece);
      this.#swarm.pieceWritten(piece, this.#nowMs());
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#onFailure(
        new TransferError(
          'piece_not_written',
          `write piece ${piece}: ${message}; make room or allow writing, then run it again`,
          error,
        ),
      );
    } finally {
      this.#writing -= 1;
    }
    this.#writeNext();
    if (!this.#isStopped) this.#onChange();
  }
}
