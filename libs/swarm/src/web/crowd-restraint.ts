import type { WebRun } from './web-runs.ts';

/** A run's rate shows after so long. */
export const JUDGED_AFTER_MS = 2_000;
/** Peers can be given whole pieces only: one that takes longer is a sign of too many at one web seed. */
export const CROWDED_PIECE_SECONDS = 2;
/** So many of those who know each other go on, however crowded it is. */
export const FETCHERS_KEPT = 4;
const PAUSE_FIRST_MS = 4_000;
const PAUSE_LAST_MS = 16_000;

/**
 * Thins out a crowd at a thin web seed. A line that is cut into a part for each of a thousand brings nobody a piece for
 * minutes, and then brings everybody the same ones. Nobody knows how many there are, but all see how slow it is: each gives
 * up by chance, so that about as many go on as can be served well, and pauses before it tries again.
 */
export class CrowdRestraint {
  readonly #random: () => number;
  #pauseMs = PAUSE_FIRST_MS;
  #pausedUntilMs = -Infinity;

  constructor(random: () => number) {
    this.#random = random;
  }

  isPaused(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  /**
   * Judges a run, once.
   *
   * @param pieceBytes Of the piece under way.
   * @param peerCount Others who may fetch it as well.
   */
  givesUp(run: WebRun, pieceBytes: number, peerCount: number, nowMs: number): boolean {
    const elapsedMs = nowMs - run.startedMs;
    if (run.isJudged || elapsedMs < JUDGED_AFTER_MS) return false;
    run.isJudged = true;
    const pieceSeconds = (pieceBytes * elapsedMs) / (1000 * Math.max(1, run.receivedBytes));
    const chanceToStay = Math.max(CROWDED_PIECE_SECONDS / pieceSeconds, FETCHERS_KEPT / (peerCount + 1));
    if (this.#random() < chanceToStay) return false;
    this.#pausedUntilMs = nowMs + this.#pauseMs * (1 + 2 * this.#random());
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_LAST_MS);
    return true;
  }

  /** A piece came over HTTP: it is not so crowded. */
  delivered(): void {
    this.#pauseMs = PAUSE_FIRST_MS;
  }
}
