/** A patch of which no piece has come for so long is given up: its bytes come as pieces of the release instead. */
export const PATCH_SILENCE_MS_MAX = 15_000;

/** How long a patch is waited for: as long as pieces of it keep coming. */
export class PatchPatience {
  #left: number | undefined;
  #sinceMs = 0;

  /**
   * @param piecesLeft Of all that are being fetched.
   * @param state Time that transfers are paused does not count.
   * @returns whether to go on waiting.
   */
  look(piecesLeft: number, state: 'running' | 'paused', nowMs: number): boolean {
    if (piecesLeft !== this.#left || state === 'paused') {
      this.#left = piecesLeft;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs < PATCH_SILENCE_MS_MAX;
  }
}
