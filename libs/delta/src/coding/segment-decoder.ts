import { DeltaError } from '../delta-error.ts';
import type { StreamCursor } from '../format/stream-cursor.ts';
import { OP_ADD_NEW, OP_ADD_OLD, OP_COPY_OLD, OP_LITERAL } from './op-kind.ts';

/** Two varints of eight bytes each. */
const OP_BYTES_MAX = 16;

/**
 * Reads the streams of a segment. Nothing is allocated for an operation: `next` moves this cursor.
 * A method that lacks bytes says so by `false` or 0; the caller then awaits `fill` and calls again.
 */
export class SegmentDecoder {
  kind: 'copy' | 'add' | 'literal' = 'literal';
  source = 0;
  length = 0;
  /** Whether the payload that was given last is made up, because the patch is damaged there. */
  isLost = false;
  readonly #codes: StreamCursor;
  readonly #literals: StreamCursor;
  readonly #differences: StreamCursor;
  readonly #oldBytes: number;
  #at: number;
  #oldEnd = 0;
  #dry: StreamCursor;

  /** @param streams As `encodeSegment` gives them. @throws {DeltaError} `bad_patch` */
  constructor(streams: readonly StreamCursor[], context: { readonly start: number; readonly oldBytes: number }) {
    const [codes, literals, differences] = streams;
    if (!codes || !literals || !differences || streams.length !== 3) {
      throw new DeltaError('bad_patch', `read a segment: found ${streams.length} streams, 3 are wanted`);
    }
    this.#codes = codes;
    this.#literals = literals;
    this.#differences = differences;
    this.#oldBytes = context.oldBytes;
    this.#at = context.start;
    this.#dry = codes;
  }

  /** Moves to the next operation, which makes the bytes from where the last one ended. @throws {DeltaError} `bad_patch` */
  next(): boolean {
    const codes = this.#codes;
    if (codes.available < OP_BYTES_MAX && !codes.isEnded) {
      this.#dry = codes;
      return false;
    }
    if (codes.isLost) throw new DeltaError('bad_patch', 'read the operations of a segment: they are damaged');
    const code = readVarint(codes);
    const kind = code % 8;
    this.length = (code - kind) / 8;
    if (kind === OP_LITERAL) {
      this.kind = 'literal';
    } else {
      if (kind > OP_ADD_NEW)
        throw new DeltaError('bad_patch', `read an operation: found kind ${kind}, 0 to 4 are known`);
      const isOld = kind === OP_COPY_OLD || kind === OP_ADD_OLD;
      this.kind = kind === OP_ADD_OLD || kind === OP_ADD_NEW ? 'add' : 'copy';
      const place = readVarint(codes);
      if (isOld) {
        this.source = this.#oldEnd + (place % 2 === 0 ? place / 2 : -(place + 1) / 2);
        this.#oldEnd = this.source + this.length;
        if (this.source < 0 || this.#oldEnd > this.#oldBytes) throw outside(this.source, this.length);
      } else {
        this.source = this.#at - place;
        if (this.source < this.#oldBytes || place === 0) throw outside(this.source, this.length);
      }
    }
    if (this.length === 0) throw new DeltaError('bad_patch', 'read an operation: it makes no bytes');
    this.#at += this.length;
    return true;
  }

  /** The next bytes of the literal that is at hand. @returns How many there were. */
  literal(target: Uint8Array, at: number, length: number): number {
    const literals = this.#literals;
    const count = this.#take(literals, length);
    target.set(literals.buffer.subarray(literals.at, literals.at + count), at);
    literals.at += count;
    return count;
  }

  /** Adds the next differences to the bytes in the target. @returns How many there were. */
  difference(target: Uint8Array, at: number, length: number): number {
    const differences = this.#differences;
    const count = this.#take(differences, length);
    const { buffer, at: from } = differences;
    for (let index = 0; index < count; index += 1) {
      target[at + index] = (target[at + index] ?? 0) + (buffer[from + index] ?? 0);
    }
    differences.at += count;
    return count;
  }

  /** Brings what the last method lacked. @throws {DeltaError} `bad_patch` when there is no more */
  async fill(): Promise<void> {
    if (this.#dry.isEnded && this.#dry !== this.#codes) {
      throw new DeltaError('bad_patch', 'read a segment: a stream ends before its operations do');
    }
    await this.#dry.fill();
  }

  #take(stream: StreamCursor, length: number): number {
    this.isLost = stream.isLost;
    const count = Math.min(stream.available, length);
    if (count === 0) this.#dry = stream;
    return count;
  }
}

function outside(source: number, length: number): DeltaError {
  return new DeltaError('bad_patch', `read an operation: ${length} bytes at ${source} are not all there to copy`);
}

function readVarint(stream: StreamCursor): number {
  const { buffer } = stream;
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
    const byte = buffer[stream.at];
    if (byte === undefined) throw new DeltaError('bad_patch', 'read an operation: the stream ends inside it');
    stream.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) break;
      return value;
    }
  }
  throw new DeltaError('bad_patch', 'read an operation: found a number above 2^53');
}
