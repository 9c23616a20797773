import type { StreamCursor } from '../format/stream-cursor.ts';
import type { WasmVariable } from './operations.ts';

export const WINDOW_BYTES: number = 64 * 1024;

/** The next bytes of a stream, in the memory of operations. */
export class StreamWindow {
  readonly cursor: StreamCursor;
  /** Whether its bytes are made up, because theirs are damaged. */
  isLost = false;
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #at: WasmVariable;
  readonly #end: WasmVariable;

  /** @param room Where in memory there are `WINDOW_BYTES` for it, and the variables that say which of them are not taken. */
  constructor(
    cursor: StreamCursor,
    room: { readonly bytes: Uint8Array; readonly begin: number; readonly at: WasmVariable; readonly end: WasmVariable },
  ) {
    this.cursor = cursor;
    this.#bytes = room.bytes;
    this.#begin = room.begin;
    this.#at = room.at;
    this.#end = room.end;
    this.#at.value = room.begin;
    this.#end.value = room.begin;
  }

  /** Puts more bytes behind those that are not taken. False when the cursor has none. */
  refill(): boolean {
    const { cursor } = this;
    const kept = this.#end.value - this.#at.value;
    const count = Math.min(cursor.available, WINDOW_BYTES - kept);
    if (count === 0) return false;
    this.#bytes.copyWithin(this.#begin, this.#at.value, this.#end.value);
    this.#bytes.set(cursor.buffer.subarray(cursor.at, cursor.at + count), this.#begin + kept);
    cursor.at += count;
    this.isLost = cursor.isLost;
    this.#at.value = this.#begin;
    this.#end.value = this.#begin + kept + count;
    return true;
  }
}
