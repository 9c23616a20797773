/** RC4's weak beginning, which message stream encryption throws away. */
const DISCARDED_BYTES = 1024;

const STATE_BYTES = 256;

/** The RC4 key stream as message stream encryption uses it: without its first 1024 bytes. One object for each direction. */
export class Rc4 {
  readonly #state: Uint8Array = new Uint8Array(STATE_BYTES);
  #i = 0;
  #j = 0;

  /** @param key At least one byte. */
  constructor(key: Uint8Array) {
    const state = this.#state;
    for (let i = 0; i < STATE_BYTES; i += 1) state[i] = i;
    for (let i = 0, j = 0; i < STATE_BYTES; i += 1) {
      const swapped = state[i] ?? 0;
      j = (j + swapped + (key[i % key.length] ?? 0)) & 0xff;
      state[i] = state[j] ?? 0;
      state[j] = swapped;
    }
    const discarded = new Uint8Array(DISCARDED_BYTES);
    this.apply(discarded, discarded);
  }

  /**
   * Encrypts or decrypts the next bytes of the stream.
   *
   * @param target Of the same length as `source`; may be `source` itself.
   */
  apply(source: Uint8Array, target: Uint8Array): void {
    // The loop is a fifth slower once it has seen both plain arrays and Node's buffers.
    this.#run(plainView(source), plainView(target));
  }

  #run(source: Uint8Array, target: Uint8Array): void {
    const state = this.#state;
    const lengthBytes = source.length;
    let i = this.#i;
    let j = this.#j;
    let x: number;
    let y: number;
    let at = 0;
    // Four steps a turn: half again as fast as one.
    for (const last = lengthBytes - 3; at < last; at += 4) {
      i = (i + 1) & 0xff;
      x = state[i] ?? 0;
      j = (j + x) & 0xff;
      y = state[j] ?? 0;
      state[i] = y;
      state[j] = x;
      target[at] = (source[at] ?? 0) ^ (state[(x + y) & 0xff] ?? 0);
      i = (i + 1) & 0xff;
      x = state[i] ?? 0;
      j = (j + x) & 0xff;
      y = state[j] ?? 0;
      state[i] = y;
      state[j] = x;
      target[at + 1] = (source[at + 1] ?? 0) ^ (state[(x + y) & 0xff] ?? 0);
      i = (i + 1) & 0xff;
      x = state[i] ?? 0;
      j = (j + x) & 0xff;
      y = state[j] ?? 0;
      state[i] = y;
      state[j] = x;
      target[at + 2] = (source[at + 2] ?? 0) ^ (state[(x + y) & 0xff] ?? 0);
      i = (i + 1) & 0xff;
      x = state[i] ?? 0;
      j = (j + x) & 0xff;
      y = state[j] ?? 0;
      state[i] = y;
      state[j] = x;
      target[at + 3] = (source[at + 3] ?? 0) ^ (state[(x + y) & 0xff] ?? 0);
    }
    for (; at < lengthBytes; at += 1) {
      i = (i + 1) & 0xff;
      x = state[i] ?? 0;
      j = (j + x) & 0xff;
      y = state[j] ?? 0;
      state[i] = y;
      state[j] = x;
      target[at] = (source[at] ?? 0) ^ (state[(x + y) & 0xff] ?? 0);
    }
    this.#i = i;
    this.#j = j;
  }
}

function plainView({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
