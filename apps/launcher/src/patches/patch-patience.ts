/** A patch of which no piece has come for so long is given up: its bytes come as pieces of the release instead. */
export const PATCH_SILENCE_MS_MAX = 15_000;
/** Where the origin cannot be reached, pieces of the release would not come from there either: the patch is waited for so long. */
export const OFFLINE_SILENCE_MS_MAX = 120_000;

/** How long a patch is waited for: as long as pieces of it keep coming. */
export class PatchPatience {
  #left: number | undefined;
  #sinceMs = 0;

  /**
   * @param piecesLeft Of all that are being fetched.
   * @param state Time that transfers are paused does not count.
   * @returns `doubt`: to be waited for only if the origin cannot be reached; `end`: no longer, in any case.
   */
  look(piecesLeft: number, state: 'running' | 'paused', nowMs: number): 'wait' | 'doubt' | 'end' {
    if (piecesLeft !== this.#left || state === 'paused') {
      this.#left = piecesLeft;
      this.#sinceMs = nowMs;
    }
    const silentMs = nowMs - this.#sinceMs;
    if (silentMs < PATCH_SILENCE_MS_MAX) return 'wait';
    return silentMs < OFFLINE_SILENCE_MS_MAX ? 'doubt' : 'end';
  }
}
