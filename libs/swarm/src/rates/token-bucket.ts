const BURST_MS = 250;
/** A block and its header always fit. */
const BURST_BYTES_MIN = 32 * 1024;

/**
 * A limit in bytes a second that several spenders share. Spending may go into debt, so that nobody has to know the length
 * of what comes next; while there is debt nobody may spend. One bucket can serve many swarms, and be the parent of a bucket
 * of each: what is spent there is spent here, too.
 */
export class TokenBucket {
  readonly #parent: TokenBucket | undefined;
  #rate: number;
  #burstBytes: number;
  #tokens: number;
  #lastMs: number | undefined;

  /** @param bytesPerSecond `Infinity` for no limit of its own. */
  constructor(bytesPerSecond: number, parent?: TokenBucket) {
    this.#parent = parent;
    this.#rate = bytesPerSecond;
    this.#burstBytes = burstBytes(bytesPerSecond);
    this.#tokens = this.#burstBytes;
  }

  static unlimited(): TokenBucket {
    return new TokenBucket(Infinity);
  }

  /** The lower one of its own rate and the parent's. */
  get bytesPerSecond(): number {
    return Math.min(this.#rate, this.#parent?.bytesPerSecond ?? Infinity);
  }

  get isLimited(): boolean {
    return this.bytesPerSecond !== Infinity;
  }

  /** Holds from now on; what was saved up or owed at the old rate stays. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#rate = bytesPerSecond;
    this.#burstBytes = burstBytes(bytesPerSecond);
    this.#tokens = Math.min(this.#tokens, this.#burstBytes);
  }

  maySpend(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0;
  }

  spend(lengthBytes: number, nowMs: number): void {
    if (this.#rate !== Infinity) {
      this.#refill(nowMs);
      this.#tokens -= lengthBytes;
    }
    this.#parent?.spend(lengthBytes, nowMs);
  }

  /** Gives back what was spent on something that will not come. */
  refund(lengthBytes: number): void {
    if (this.#rate !== Infinity) this.#tokens = Math.min(this.#burstBytes, this.#tokens + lengthBytes);
    this.#parent?.refund(lengthBytes);
  }

  /** How long until spending is allowed again; 0 when it is now. */
  waitMs(nowMs: number): number {
    const parentMs = this.#parent?.waitMs(nowMs) ?? 0;
    if (this.#rate === Infinity) return parentMs;
    this.#refill(nowMs);
    return this.#tokens > 0 ? parentMs : Math.max(parentMs, Math.ceil(((1 - this.#tokens) * 1000) / this.#rate));
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    if (this.#rate === Infinity) return;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + (elapsedMs * this.#rate) / 1000);
  }
}

function burstBytes(bytesPerSecond: number): number {
  return Math.max(BURST_BYTES_MIN, (bytesPerSecond * BURST_MS) / 1000);
}
