/** What a number in a stream takes at most. */
const NUMBER_BYTES_MAX = 8;

/** The bytes of one stream of a segment, in order. What cannot be had is zeros, and said to be lost. */
export class StreamCursor {
  /** Decoded, from `at` on not yet taken. */
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Whether the bytes in the buffer are made up, because theirs are damaged. */
  isLost = false;
  /** While `at` is no further, a whole number is there, or all that is left. None is while anything is lost. */
  numbersEnd = -1;
  readonly #parts: AsyncIterator<StreamPart>;
  #isEnded = false;

  constructor(parts: AsyncIterator<StreamPart>) {
    this.#parts = parts;
  }

  get available(): number {
    return this.buffer.length - this.at;
  }

  /** Whether the buffer holds all that is left. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Brings more bytes behind those that are there; does nothing at the end. */
  async fill(): Promise<void> {
    if (this.#isEnded) return;
    const next = await this.#parts.next();
    if (next.done === true) {
      this.#isEnded = true;
      if (!this.isLost) this.numbersEnd = Infinity;
      return;
    }
    const { bytes, isLost } = next.value;
    this.isLost = isLost || (this.available > 0 && this.isLost);
    if (this.available === 0) {
      this.buffer = bytes;
    } else {
      const joined = new Uint8Array(this.available + bytes.length);
      joined.set(this.buffer.subarray(this.at));
      joined.set(bytes, this.available);
      this.buffer = joined;
    }
    this.at = 0;
    this.numbersEnd = this.isLost ? -1 : this.buffer.length - NUMBER_BYTES_MAX;
  }

  /** Frees what decoding holds. */
  async close(): Promise<void> {
    await this.#parts.return?.();
  }
}

export interface StreamPart {
  readonly bytes: Uint8Array;
  readonly isLost: boolean;
}
