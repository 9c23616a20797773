/** The bytes of one stream of a segment, in order. What cannot be had is zeros, and said to be lost. */
export class StreamCursor {
  /** Decoded, from `at` on not yet taken. */
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Whether the bytes in the buffer are made up, because theirs are damaged. */
  isLost = false;
  readonly #parts: AsyncIterator<StreamPart>;
  #isEnded = false;

  constructor(parts: AsyncIterator<StreamPart>) {
    this.#parts = parts;
  }

  get available(): number {
    return this.buffer.length - this.at;
  }

  /** Whether nothing follows what is in the buffer. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Brings the next bytes, once all that were there are taken; does nothing at the end. */
  async fill(): Promise<void> {
    if (this.#isEnded) return;
    const next = await this.#parts.next();
    if (next.done === true) {
      this.#isEnded = true;
      return;
    }
    this.buffer = next.value.bytes;
    this.isLost = next.value.isLost;
    this.at = 0;
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
