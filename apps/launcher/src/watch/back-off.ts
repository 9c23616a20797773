export interface BackOffLimits {
  firstMs: number;
  lastMs: number;
}

/** How long to wait after failures in a row: twice as long each time, and not all launchers at the same time. */
export class BackOff {
  readonly #limits: BackOffLimits;
  readonly #random: () => number;
  #failures = 0;

  /** @param random From 0 up to 1. */
  constructor(limits: BackOffLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Counts a failure. @returns the wait in milliseconds: between half of the full one and all of it. */
  next(): number {
    const { firstMs, lastMs } = this.#limits;
    const fullMs = Math.min(lastMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return fullMs * (0.5 + 0.5 * this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
