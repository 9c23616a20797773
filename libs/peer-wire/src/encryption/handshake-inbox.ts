import { Buffer } from 'node:buffer';

import { ProtocolError } from '../protocol-error.ts';

const INBOX_BYTES_MIN = 256;

/** Waits for more bytes at each `yield`. */
export type Awaiting<T> = Generator<undefined, T, undefined>;

/** What has come of a handshake and was not taken yet: one buffer that grows with what comes. */
export class HandshakeInbox {
  #bytes: Uint8Array = new Uint8Array(INBOX_BYTES_MIN);
  #start = 0;
  #end = 0;

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) {
      const held = this.held;
      const neededBytes = held.length + bytes.length;
      const grown = neededBytes > this.#bytes.length ? new Uint8Array(2 * neededBytes) : this.#bytes;
      grown.set(held);
      this.#bytes = grown;
      this.#start = 0;
      this.#end = held.length;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Views what is here and not taken: good until the next `append`. */
  get held(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Views the next bytes once all of them are here; good until the next `append`. */
  *take(lengthBytes: number): Awaiting<Uint8Array> {
    while (this.held.length < lengthBytes) yield;
    const taken = this.held.subarray(0, lengthBytes);
    this.#start += lengthBytes;
    return taken;
  }

  /**
   * Takes everything up to the end of `pattern`, which comes after a pad of unknown length.
   *
   * @throws {ProtocolError} `bad_encryption` when `padBytesMax` bytes and the length of the pattern have come without it.
   */
  *takeThrough(pattern: Uint8Array, padBytesMax: number): Awaiting<void> {
    for (;;) {
      const window = this.held.subarray(0, padBytesMax + pattern.length);
      const at = Buffer.from(window.buffer, window.byteOffset, window.byteLength).indexOf(pattern);
      if (at >= 0) {
        this.#start += at + pattern.length;
        return;
      }
      if (window.length === padBytesMax + pattern.length) {
        throw new ProtocolError(
          'bad_encryption',
          `read an encrypted handshake: found ${window.length} bytes without its synchronisation point, at most ${padBytesMax} of pad are wanted`,
        );
      }
      yield;
    }
  }
}
