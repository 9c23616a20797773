import type { SeededTorrent } from './fetch-plan.ts';
import type { PieceRun } from './web-seed.ts';

interface OpenPiece {
  data: Uint8Array;
  missingBytes: number;
}

/**
 * Pieces of one run while their bytes arrive from several responses.
 *
 * Only pieces less than `windowPieces` ahead of the one taken next have a buffer; whoever brings bytes for a later one waits.
 */
export class PieceAssembly {
  readonly #geometry: SeededTorrent['geometry'];
  readonly #windowPieces: number;
  readonly #open = new Map<number, OpenPiece>();
  #next: number;
  #failure: { error: unknown } | undefined;
  #waiters: (() => void)[] = [];

  constructor(geometry: SeededTorrent['geometry'], run: PieceRun, windowPieces: number) {
    this.#geometry = geometry;
    this.#next = run.firstPiece;
    this.#windowPieces = windowPieces;
  }

  /** Resolves when `piece` may be filled. */
  async room(piece: number): Promise<void> {
    await this.#until(() => piece < this.#next + this.#windowPieces);
  }

  /** Copies bytes into a piece that has room. */
  fill(piece: number, offsetBytes: number, bytes: Uint8Array): void {
    const open = this.#opened(piece);
    open.data.set(bytes, offsetBytes);
    open.missingBytes -= bytes.length;
    if (open.missingBytes === 0) this.#wake();
  }

  /** Resolves with the next piece of the run when it is whole. */
  async take(): Promise<{ piece: number; data: Uint8Array }> {
    const piece = this.#next;
    const open = this.#opened(piece);
    await this.#until(() => open.missingBytes === 0);
    this.#open.delete(piece);
    this.#next += 1;
    this.#wake();
    return { piece, data: open.data };
  }

  /** Every waiter, now and later, gets this error. The first failure is the one that counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #opened(piece: number): OpenPiece {
    let open = this.#open.get(piece);
    if (open === undefined) {
      const missingBytes = this.#geometry.filesOfPiece(piece).reduce((sum, part) => sum + part.lengthBytes, 0);
      open = { data: new Uint8Array(this.#geometry.pieceSizeBytes(piece)), missingBytes };
      this.#open.set(piece, open);
    }
    return open;
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }
}
