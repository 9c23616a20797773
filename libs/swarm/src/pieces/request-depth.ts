import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

/** How much of the measured rate is kept under way. */
export const PIPELINE_SECONDS = 3;
export const REQUESTS_MIN = 4;
/** What most clients keep in their queue when they do not say (`reqq` of BEP 10). */
export const REQUESTS_DEFAULT_MAX = 250;
/** Never more under way at one peer, whatever it offers. */
export const REQUESTS_MAX = 2000;
const SLOW_START_GROWTH = 1.1;
const SLOW_START_CHECK_MS = 1000;

/**
 * How many blocks to have under way at one peer: enough for three seconds at the measured rate. Before the rate is known the
 * depth doubles with each round trip, as in TCP's slow start, until the rate grows no more.
 */
export class RequestDepth {
  requestsMax: number = REQUESTS_DEFAULT_MAX;
  #slowStart: number | undefined = REQUESTS_MIN * 2;
  #checkedMs: number | undefined;
  #checkedRate = 0;

  blockReceived(): void {
    if (this.#slowStart !== undefined) this.#slowStart += 1;
  }

  blocks(bytesPerSecond: number, nowMs: number): number {
    const byRate = Math.ceil((bytesPerSecond * PIPELINE_SECONDS) / BLOCK_LENGTH_BYTES);
    this.#leaveSlowStart(bytesPerSecond, nowMs);
    return Math.min(Math.max(REQUESTS_MIN, byRate, this.#slowStart ?? 0), this.requestsMax, REQUESTS_MAX);
  }

  #leaveSlowStart(bytesPerSecond: number, nowMs: number): void {
    if (this.#slowStart === undefined || bytesPerSecond === 0) return;
    this.#checkedMs ??= nowMs;
    if (nowMs - this.#checkedMs < SLOW_START_CHECK_MS) return;
    if (bytesPerSecond < this.#checkedRate * SLOW_START_GROWTH) this.#slowStart = undefined;
    this.#checkedMs = nowMs;
    this.#checkedRate = bytesPerSecond;
  }
}
