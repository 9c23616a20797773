/** Tells when more passes, in any window of time, than a rate and one burst allow. */
export class RateWatch {
  readonly #bytesPerSecond: number;
  readonly #burstBytes: number;
  #levelBytes = 0;
  #lastMs = 0;

  constructor(bytesPerSecond: number, burstBytes: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#burstBytes = burstBytes;
  }

  /** Bytes beyond the burst; 0 when the rate is kept. */
  pass(lengthBytes: number, nowMs: number): number {
    if (this.#bytesPerSecond === Infinity) return 0;
    const leftBytes = this.#levelBytes - ((nowMs - this.#lastMs) * this.#bytesPerSecond) / 1000;
    this.#levelBytes = Math.max(0, leftBytes) + lengthBytes;
    this.#lastMs = nowMs;
    return Math.max(0, this.#levelBytes - this.#burstBytes);
  }
}
