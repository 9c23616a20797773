/** Clients draw anew after so long. */
export const DRAW_MS = 500;
/** Pieces for each client that might fetch: with fewer, two of them would soon fetch the same. */
const PIECES_PER_CLIENT = 8;

/**
 * Lets just some of a crowd fetch the last pieces that nobody has: when all do, each fetches what another is about to have.
 * Nobody knows who else can use HTTP, so a client's chance doubles with each draw in which nobody brought anything.
 */
export class FetchLottery {
  readonly #random: () => number;
  #drawnMs = -Infinity;
  #isWon = true;
  #unavailableCount = 0;
  #idleDraws = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * @param unavailableCount Pieces that no peer has.
   * @param peerCount All who may fetch them, too.
   */
  mayFetch(unavailableCount: number, peerCount: number, nowMs: number): boolean {
    if (nowMs - this.#drawnMs < DRAW_MS) return this.#isWon;
    this.#drawnMs = nowMs;
    this.#idleDraws = unavailableCount < this.#unavailableCount ? 0 : this.#idleDraws + 1;
    this.#unavailableCount = unavailableCount;
    const chance = (unavailableCount * 2 ** this.#idleDraws) / (PIECES_PER_CLIENT * (peerCount + 1));
    this.#isWon = this.#random() < chance;
    return this.#isWon;
  }
}
