/** A fingerprint of everything that happened in a run, in order: two runs of one seed give the same. */
export class RunDigest {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  add(...values: readonly number[]): void {
    for (const value of values) {
      this.#low = Math.imul(this.#low ^ value, 0x01000193) >>> 0;
      this.#high = (Math.imul(this.#high, 0x85ebca6b) + (this.#low ^ (this.#low >>> 13))) >>> 0;
    }
  }

  get hex(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }
}
