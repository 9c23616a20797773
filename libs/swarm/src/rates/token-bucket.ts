const BURST_MS = 250;
/** A block and its header always fit. */
const BURST_BYTES_MIN = 32 * 1024;

/**
 * A limit in bytes a second that several spenders share. Spending may go into debt, so that nobody has to know the length
 * of what comes next; while there is debt nobody may spend. One bucket can serve many swarms.
 */
export class TokenBucket {
  readonly bytesPerSecond: number;
  readonly #burstBytes: number;
  #tokens: number;
  #lastMs: number | undefined;

  /** @param bytesPerSecond `Infinity` for no limit. */
  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
    this.#burstBytes = Math.max(BURST_BYTES_MIN, (bytesPerSecond * BURST_MS) / 1000);
    this.#tokens = this.#burstBytes;
  }

  static unlimited(): TokenBucket {
    return new TokenBucket(Infinity);
  }

  get isLimited(): boolean {
    return this.bytesPerSecond !== Infinity;
  }

  maySpend(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0;
  }

  spend(lengthBytes: number, nowMs: number): void {
    if (!this.isLimited) return;
    this.#refill(nowMs);
    this.#tokens -= lengthBytes;
  }

  /** Gives back what was spent on something that will not come. */
  refund(lengthBytes: number): void {
    if (this.isLimited) this.#tokens = Math.min(this.#burstBytes, this.#tokens + lengthBytes);
  }

  /** How long until spending is allowed again; 0 when it is now. */
  waitMs(nowMs: number): number {
    if (!this.isLimited) return 0;
    this.#refill(nowMs);
    return this.#tokens > 0 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / this.bytesPerSecond);
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + (elapsedMs * this.bytesPerSecond) / 1000);
  }
}
