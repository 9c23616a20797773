const SLOT_MS = 500;
const SLOTS = 8;

/** Bytes a second over the last four seconds, or since the first bytes when that is shorter. */
export class RateMeter {
  /** None until the first bytes: most peers send or take nothing. */
  #slots: Float64Array | undefined;
  #slot = -1;
  #firstMs = -1;
  #totalBytes = 0;

  get totalBytes(): number {
    return this.#totalBytes;
  }

  add(lengthBytes: number, nowMs: number): void {
    this.#slots ??= new Float64Array(SLOTS);
    this.#turn(this.#slots, nowMs);
    if (this.#firstMs < 0) this.#firstMs = nowMs;
    const at = this.#slot % SLOTS;
    this.#slots[at] = (this.#slots[at] ?? 0) + lengthBytes;
    this.#totalBytes += lengthBytes;
  }

  bytesPerSecond(nowMs: number): number {
    if (!this.#slots) return 0;
    this.#turn(this.#slots, nowMs);
    let bytes = 0;
    for (const slotBytes of this.#slots) bytes += slotBytes;
    const windowMs = (SLOTS - 1) * SLOT_MS + (nowMs % SLOT_MS);
    const spanMs = Math.max(SLOT_MS, Math.min(windowMs, nowMs - this.#firstMs));
    return (bytes * 1000) / spanMs;
  }

  #turn(slots: Float64Array, nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    if (this.#slot < 0 || slot - this.#slot >= SLOTS) {
      if (this.#slot >= 0) slots.fill(0);
      this.#slot = slot;
      return;
    }
    while (this.#slot < slot) {
      this.#slot += 1;
      slots[this.#slot % SLOTS] = 0;
    }
  }
}
