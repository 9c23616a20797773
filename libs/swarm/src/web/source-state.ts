import type { WebPiece } from './web-seeds.ts';

/** Nothing came for so long: a stall. */
export const STALL_AFTER_MS = 10_000;

/** Whether what is wanted comes, and what there is to say when it does not. Times are of the engine's clock. */
export type SourceState =
  | { readonly kind: 'active' }
  | { readonly kind: 'stalled'; readonly sinceMs: number }
  /** No peer that is connected has what is missing, and every web seed is proven to send wrong bytes for it. */
  | { readonly kind: 'bad_content'; readonly sinceMs: number; readonly badPieces: readonly WebPiece[] };

/** What is looked at. */
export interface SourceSigns {
  /** All that came from peers and web seeds. */
  readonly receivedBytes: number;
  readonly isComplete: boolean;
  /** Pieces of other sources are being verified or written. */
  readonly isBusy: boolean;
  readonly canPeersHelp: boolean;
  readonly provenBad: readonly WebPiece[] | undefined;
}

/** Notices that nothing comes any more, and when it cannot. */
export class SourceWatch {
  #receivedBytes = 0;
  #lastNewsMs: number | undefined;
  #badSinceMs: number | undefined;
  #state: SourceState = { kind: 'active' };

  get state(): SourceState {
    return this.#state;
  }

  look(signs: SourceSigns, nowMs: number): void {
    const { receivedBytes, isComplete, isBusy, canPeersHelp, provenBad } = signs;
    if (receivedBytes !== this.#receivedBytes || isComplete) this.#lastNewsMs = nowMs;
    this.#receivedBytes = receivedBytes;
    this.#lastNewsMs ??= nowMs;
    const isBad = provenBad !== undefined && !canPeersHelp && !isBusy && !isComplete;
    this.#badSinceMs = isBad ? (this.#badSinceMs ?? nowMs) : undefined;
    if (this.#badSinceMs !== undefined && provenBad) {
      this.#state = { kind: 'bad_content', sinceMs: this.#badSinceMs, badPieces: provenBad };
    } else {
      const isStalled = nowMs - this.#lastNewsMs >= STALL_AFTER_MS;
      this.#state = isStalled ? { kind: 'stalled', sinceMs: this.#lastNewsMs } : { kind: 'active' };
    }
  }
}
