import type { LineEnds } from './format/line-ends.ts';
import { inTurn, whenThere, type MaybePromise } from './maybe-promise.ts';

/** Where each of these begins in the view is kept: what is converted at once begins and ends with one. */
const BLOCK_BYTES = 8 * 1024;
const BLOCKS_AT_ONCE = 8;
const BYTES_AT_ONCE: number = BLOCKS_AT_ONCE * BLOCK_BYTES;
/** A view reads no more at once: blocks, and a byte on both sides of them. */
export const VIEW_READ_BYTES: number = BYTES_AT_ONCE + 2;
const CR = 13;
const LF = 10;
/** Lines are longer than words: most of these have no line end, and are taken as they are. */
const WORD_BYTES = 4;
const CRS = 0x0d0d0d0d;
const LFS = 0x0a0a0a0a;

export interface ViewedBytes {
  readonly lengthBytes: number;
  /** The bytes at an offset, which are used before it is called again. */
  readonly read: (offset: number, length: number) => MaybePromise<Uint8Array>;
}

/** A file with other line ends, at random places: knows how far each block of the file moves. */
export class LineView {
  /** Room to convert in. */
  static readonly #converted: Uint8Array = new Uint8Array(2 * BYTES_AT_ONCE);
  readonly #ends: LineEnds;
  readonly #file: ViewedBytes;
  /** Where in the view each block of the file begins. */
  readonly #starts: Float64Array;
  #length = 0;

  private constructor(file: ViewedBytes, ends: LineEnds) {
    this.#ends = ends;
    this.#file = file;
    this.#starts = new Float64Array(Math.ceil(file.lengthBytes / BLOCK_BYTES));
  }

  /** Reads the file once. */
  static open(file: ViewedBytes, ends: LineEnds): MaybePromise<LineView> {
    const view = new LineView(file, ends);
    return whenThere(view.#measure(), () => view);
  }

  get length(): number {
    return this.#length;
  }

  /** Fills the target, which ends inside the view. */
  read(offset: number, target: Uint8Array): MaybePromise<void> {
    const end = offset + target.length;
    if (end > this.#length) {
      throw new RangeError(`read ${target.length} bytes at ${offset}: there are ${this.#length}`);
    }
    if (target.length === 0) return undefined;
    return this.#eachRead(this.#blockAt(offset), this.#blockAt(end - 1) + 1, (bytes, begin, blocks) => {
      const converted = LineView.#converted;
      const length = convert(this.#ends, bytes, begin, begin + this.#bytesOf(blocks), converted);
      const start = this.#starts[blocks.from] ?? 0;
      target.set(
        converted.subarray(Math.max(0, offset - start), Math.min(length, end - start)),
        Math.max(0, start - offset),
      );
    });
  }

  #measure(): MaybePromise<void> {
    return this.#eachRead(0, this.#starts.length, (bytes, begin, { from, to }) => {
      for (let block = from, at = begin; block < to; block += 1) {
        const end = at + this.#bytesOf({ from: block, to: block + 1 });
        this.#starts[block] = this.#length;
        this.#length += convert(this.#ends, bytes, at, end, LineView.#converted);
        at = end;
      }
    });
  }

  /**
   * Reads blocks, a few at a time, with the bytes on both sides of them: these say what the first and the last become.
   *
   * @param use Is given the bytes, and where in them the blocks begin.
   */
  #eachRead(
    fromBlock: number,
    toBlock: number,
    use: (bytes: Uint8Array, begin: number, blocks: Blocks) => void,
  ): MaybePromise<void> {
    return inTurn(runsOf(fromBlock, toBlock), (blocks) => {
      const begin = blocks.from * BLOCK_BYTES;
      const from = Math.max(0, begin - 1);
      const to = Math.min(this.#file.lengthBytes, blocks.to * BLOCK_BYTES + 1);
      return whenThere(this.#file.read(from, to - from), (bytes) => {
        use(bytes, begin - from, blocks);
      });
    });
  }

  #bytesOf({ from, to }: Blocks): number {
    return Math.min(this.#file.lengthBytes, to * BLOCK_BYTES) - from * BLOCK_BYTES;
  }

  /** The last block that begins at or before an offset. */
  #blockAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }
}

interface Blocks {
  readonly from: number;
  readonly to: number;
}

function* runsOf(from: number, to: number): Generator<Blocks> {
  for (let at = from; at < to; at += BLOCKS_AT_ONCE) yield { from: at, to: Math.min(to, at + BLOCKS_AT_ONCE) };
}

/**
 * Gives bytes other line ends, from `begin` to `end`; those on both sides say what the first and the last become.
 *
 * @returns How many bytes that gives.
 */
function convert(ends: LineEnds, bytes: Uint8Array, begin: number, end: number, target: Uint8Array): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const targetWords = new DataView(target.buffer, target.byteOffset, target.length);
  const isAdding = ends === 'crlf';
  const marks = isAdding ? LFS : CRS;
  let length = 0;
  for (let at = begin; at < end;) {
    const word = at + WORD_BYTES <= end ? words.getInt32(at, true) : marks;
    if (!hasByte(word, marks)) {
      targetWords.setInt32(length, word, true);
      at += WORD_BYTES;
      length += WORD_BYTES;
      continue;
    }
    const byte = bytes[at] ?? 0;
    if (isAdding && byte === LF && (at === 0 || bytes[at - 1] !== CR)) {
      target[length] = CR;
      length += 1;
    }
    // There is no byte behind the file's last one.
    if (isAdding || byte !== CR || at + 1 === bytes.length || bytes[at + 1] !== LF) {
      target[length] = byte;
      length += 1;
    }
    at += 1;
  }
  return length;
}

/** Whether any of the four bytes of a word is the one that all four of another are. */
function hasByte(word: number, bytes: number): boolean {
  const difference = word ^ bytes;
  return ((difference - 0x01010101) & ~difference & 0x80808080) !== 0;
}

/** Which share of the lines that end in LF end in CR LF; undefined for no lines, and for what is no text. */
export function crlfShare(bytes: Uint8Array): number | undefined {
  let lines = 0;
  let pairs = 0;
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0) return undefined;
    if (byte !== LF) continue;
    lines += 1;
    if (at > 0 && bytes[at - 1] === CR) pairs += 1;
  }
  return lines === 0 ? undefined : pairs / lines;
}
