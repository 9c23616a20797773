import type { WebRun } from './web-runs.ts';

/** Among a crowd one fetches for each so many pieces that nobody has: with fewer pieces, two would soon fetch the same. */
export const PIECES_PER_FETCHER = 8;
/** So many fetch the last pieces: one alone may be slow, or not be able to. */
export const LAST_FETCHERS = 2;
/** When nothing new was seen for so long, twice as many may fetch. */
export const IDLE_MS = 2_000;
/** A new piece is seen later by so many times that, whenever the crowd is twice as large as what a client sees of it. */
const IDLE_FACTOR = 2;
/** A run's rate shows after so long. */
export const JUDGED_AFTER_MS = 2_000;
/** Peers can be given whole pieces only: one that takes longer is a sign of too many at one web seed. */
export const CROWDED_PIECE_SECONDS = 2;
/** So many of a crowd go on, however crowded it is. */
export const FETCHERS_KEPT = 4;

/** A crowd that lacks the same pieces, as one of it sees it. */
export interface CrowdView {
  /** Pieces that no connected peer has. */
  readonly unavailableCount: number;
  /** All who may fetch them, this client included. */
  readonly crowdSize: number;
  /** Those of them whose pieces are known. */
  readonly seenCount: number;
}

/**
 * Lets just some of a crowd fetch what nobody has: when all do, each fetches what another is about to have, and a line that is
 * cut into a part for each of a thousand brings nobody a piece for minutes. Nobody knows who fetches, so each draws a ticket
 * once, and all reckon alike how large a share of the tickets wins: it shrinks with what is left, and when a web seed turns out
 * to be slow; it doubles while nothing new is seen. Who wins with a small share wins with every larger one, so the same few go
 * on rather than that new ones come in each time.
 */
export class FetchLottery {
  readonly #ticket: number;
  #share = 1;
  /** What a crowded web seed has left of the share. */
  #shareMax = 1;
  #unavailableCount = Infinity;
  #idleCount = 0;
  #idleSinceMs = -Infinity;

  /** @param random Draws the ticket, 0 to 1. */
  constructor(random: () => number) {
    this.#ticket = random();
  }

  mayFetch({ unavailableCount, crowdSize, seenCount }: CrowdView, nowMs: number): boolean {
    const idleMs = IDLE_MS * (1 + IDLE_FACTOR * Math.log2(Math.max(1, crowdSize / seenCount)));
    if (nowMs - this.#idleSinceMs >= idleMs) {
      this.#idleSinceMs = nowMs;
      const isIdle = unavailableCount >= this.#unavailableCount;
      this.#idleCount = isIdle ? this.#idleCount + 1 : 0;
      if (isIdle) this.#shareMax *= 2;
      this.#unavailableCount = unavailableCount;
    }
    const fetchers = Math.max(LAST_FETCHERS, unavailableCount / PIECES_PER_FETCHER) * 2 ** this.#idleCount;
    this.#share = Math.min(1, this.#shareMax, fetchers / crowdSize);
    return this.#ticket < this.#share;
  }

  /**
   * Judges a run, once: of those who fetch, about as many go on as the web seed serves well.
   *
   * @param pieceBytes Of the piece under way.
   */
  givesUp(run: WebRun, pieceBytes: number, crowdSize: number, nowMs: number): boolean {
    const elapsedMs = nowMs - run.startedMs;
    if (run.isJudged || elapsedMs < JUDGED_AFTER_MS) return false;
    run.isJudged = true;
    const pieceSeconds = (pieceBytes * elapsedMs) / (1000 * Math.max(1, run.receivedBytes));
    if (pieceSeconds <= CROWDED_PIECE_SECONDS) return false;
    this.#shareMax = Math.max(FETCHERS_KEPT / crowdSize, (this.#share * CROWDED_PIECE_SECONDS) / pieceSeconds);
    return this.#ticket >= this.#shareMax;
  }
}
