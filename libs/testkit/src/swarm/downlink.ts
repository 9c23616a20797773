import type { VirtualTime } from './virtual-time.ts';

/** A receiver's line. What comes faster than it can carry waits, in the order of arrival. */
export class Downlink {
  readonly bytesPerSecond: number;
  readonly #time: VirtualTime;
  #freeMs = 0;

  constructor(time: VirtualTime, bytesPerSecond: number) {
    this.#time = time;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Takes bytes that arrive now. Returns when it is their turn, in whole milliseconds: now when the line is free. */
  take(lengthBytes: number): number {
    const { nowMs } = this.#time;
    const startMs = Math.max(nowMs, this.#freeMs);
    this.#freeMs = startMs + (lengthBytes * 1000) / this.bytesPerSecond;
    return Math.ceil(startMs);
  }
}
