import { setTimeout as sleep } from 'node:timers/promises';

const BURST_MS = 100;
const SLICES_A_SECOND = 20;
const SLICE_BYTES_MIN = 16 * 1024;
const SLICE_BYTES_MAX = 256 * 1024;

/** One token bucket for all that passes through; those who wait are served in the order in which they came. */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #nowMs: () => number;
  readonly #sliceBytes: number;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, nowMs: () => number = () => performance.now()) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#nowMs = nowMs;
    this.#sliceBytes = Math.min(
      SLICE_BYTES_MAX,
      Math.max(SLICE_BYTES_MIN, Math.floor(bytesPerSecond / SLICES_A_SECOND)),
    );
  }

  /** Cuts the chunk so that many readers share the rate evenly, and gives each part when its turn has come. */
  async *pass(chunk: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < chunk.byteLength; at += this.#sliceBytes) {
      const slice = chunk.subarray(at, at + this.#sliceBytes);
      const waitMs = this.reserve(slice.byteLength);
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
      yield slice;
    }
  }

  /** Takes bytes out of the bucket. @returns How long to wait before sending them, milliseconds. */
  reserve(bytes: number): number {
    const nowMs = this.#nowMs();
    const startMs = Math.max(this.#freeAtMs, nowMs - BURST_MS);
    this.#freeAtMs = startMs + bytes / this.#bytesPerMs;
    return Math.max(0, startMs - nowMs);
  }
}
