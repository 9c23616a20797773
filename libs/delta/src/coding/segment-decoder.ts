import { DeltaError } from '../delta-error.ts';
import type { StreamCursor } from '../format/stream-cursor.ts';
import { Alignments } from './alignments.ts';
import {
  LENGTH_BITS,
  LENGTH_LONG,
  OP_ADD,
  OP_COPY_ALIGNED,
  OP_COPY_CONTINUED,
  OP_COPY_EARLIER,
  OP_COPY_EARLIEST,
  OP_COPY_JUMP,
  OP_LITERAL,
  STREAM_COUNT,
} from './op-kind.ts';

/** Below this, a loop is faster than a call to copy. */
const BYTES_PER_COPY_CALL = 64;

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
  readonly #lengths: StreamCursor;
  readonly #places: StreamCursor;
  readonly #literals: StreamCursor;
  readonly #differences: StreamCursor;
  readonly #oldBytes: number;
  readonly #alignments = new Alignments();
  #address: number;
  #sourceEnd = 0;
  #dry: StreamCursor;

  /** @param streams As `encodeSegment` gives them. @throws {DeltaError} `bad_patch` */
  constructor(streams: readonly StreamCursor[], context: { readonly start: number; readonly oldBytes: number }) {
    const [codes, lengths, places, literals, differences] = streams;
    if (!codes || !lengths || !places || !literals || !differences || streams.length !== STREAM_COUNT) {
      throw new DeltaError('bad_patch', `read a segment: found ${streams.length} streams, ${STREAM_COUNT} are wanted`);
    }
    this.#codes = codes;
    this.#lengths = lengths;
    this.#places = places;
    this.#literals = literals;
    this.#differences = differences;
    this.#oldBytes = context.oldBytes;
    this.#address = context.start;
    this.#dry = codes;
  }

  /** Moves to the next operation, which makes the bytes from where the last one ended. @throws {DeltaError} `bad_patch` */
  next(): boolean {
    const codes = this.#codes;
    if (codes.at > codes.numbersEnd) return this.#runDry(codes);
    if (this.#lengths.at > this.#lengths.numbersEnd) return this.#runDry(this.#lengths);
    if (this.#places.at > this.#places.numbersEnd) return this.#runDry(this.#places);
    const code = codes.buffer[codes.at];
    if (code === undefined) throw new DeltaError('bad_patch', 'read an operation: the stream ends before it');
    codes.at += 1;
    const shortLength = code & LENGTH_LONG;
    this.length = shortLength + 1 + (shortLength === LENGTH_LONG ? readVarint(this.#lengths) : 0);
    const kind = code >> LENGTH_BITS;
    this.kind = kind === OP_LITERAL ? 'literal' : kind === OP_ADD ? 'add' : 'copy';
    if (kind !== OP_LITERAL) {
      this.source = this.#sourceOf(kind);
      this.#check();
      if (kind !== OP_ADD) this.#alignments.turn(this.#address - this.source);
      this.#sourceEnd = this.source + this.length;
    }
    this.#address += this.length;
    return true;
  }

  #sourceOf(kind: number): number {
    if (kind === OP_ADD || kind === OP_COPY_CONTINUED) return this.#sourceEnd;
    if (kind === OP_COPY_ALIGNED) return this.#address - this.#alignments.last;
    if (kind === OP_COPY_EARLIER) return this.#address - this.#alignments.earlier;
    if (kind === OP_COPY_EARLIEST) return this.#address - this.#alignments.earliest;
    const place = readVarint(this.#places);
    if (kind !== OP_COPY_JUMP) return this.#address - place;
    return this.#sourceEnd + (place % 2 === 0 ? place / 2 : -(place + 1) / 2);
  }

  /** The whole source is in old, or it begins in what is made before. */
  #check(): void {
    const { source, length } = this;
    const isOld = source >= 0 && source + length <= this.#oldBytes;
    const isNew = source >= this.#oldBytes && source < this.#address;
    if (isOld || isNew) return;
    throw new DeltaError('bad_patch', `read an operation: ${length} bytes at ${source} are not all there to copy`);
  }

  #runDry(stream: StreamCursor): false {
    if (stream.isLost) throw new DeltaError('bad_patch', 'read the operations of a segment: they are damaged');
    this.#dry = stream;
    return false;
  }

  /** The next bytes of the literal that is at hand. @returns How many there were. */
  literal(target: Uint8Array, at: number, length: number): number {
    const literals = this.#literals;
    const count = this.#take(literals, length);
    const { buffer, at: from } = literals;
    if (count < BYTES_PER_COPY_CALL) {
      for (let index = 0; index < count; index += 1) target[at + index] = buffer[from + index] ?? 0;
    } else {
      target.set(buffer.subarray(from, from + count), at);
    }
    literals.at += count;
    return count;
  }

  /** The sums of bytes of the content and the next differences; what overlaps is summed byte by byte. @returns How many there were. */
  difference(content: Uint8Array, from: number, to: number, length: number): number {
    const differences = this.#differences;
    const count = this.#take(differences, length);
    const { buffer, at } = differences;
    for (let index = 0; index < count; index += 1) {
      content[to + index] = (content[from + index] ?? 0) + (buffer[at + index] ?? 0);
    }
    differences.at += count;
    return count;
  }

  /** Brings what the last method lacked. @throws {DeltaError} `bad_patch` when there is no more */
  async fill(): Promise<void> {
    if (this.#dry.isEnded) {
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
