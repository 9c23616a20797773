import type { LineEnds } from './format/line-ends.ts';

const BLOCK_BYTES = 64 * 1024;
const CR = 13;
const LF = 10;

/** Fills the target with the bytes at an offset. */
type ReadInto = (offset: number, target: Uint8Array) => Promise<void>;

export interface ViewedBytes {
  readonly lengthBytes: number;
  readonly readInto: ReadInto;
}

/** What was read last, of whichever view: small reads often follow one another. */
export class LastBlock {
  view: LineView | undefined;
  block = 0;
  bytes: Uint8Array = new Uint8Array(0);
}

/** A file with other line ends, at random places: knows how far each block of the file moves. */
export class LineView {
  readonly length: number;
  readonly #ends: LineEnds;
  readonly #fileBytes: number;
  readonly #readFile: ReadInto;
  /** Where in the view each block of the file begins. */
  readonly #starts: Float64Array;
  readonly #last: LastBlock;

  private constructor(parts: {
    readonly ends: LineEnds;
    readonly fileBytes: number;
    readonly readFile: ReadInto;
    readonly starts: Float64Array;
    readonly length: number;
    readonly last: LastBlock;
  }) {
    this.#ends = parts.ends;
    this.#fileBytes = parts.fileBytes;
    this.#readFile = parts.readFile;
    this.#starts = parts.starts;
    this.length = parts.length;
    this.#last = parts.last;
  }

  /**
   * Reads the file once.
   *
   * @param last Shared by the views that are read in turn.
   */
  static async open(file: ViewedBytes, ends: LineEnds, last: LastBlock): Promise<LineView> {
    const { lengthBytes: fileBytes, readInto: readFile } = file;
    const starts = new Float64Array(Math.ceil(fileBytes / BLOCK_BYTES));
    let length = 0;
    for (let block = 0; block < starts.length; block += 1) {
      starts[block] = length;
      length += (await loadBlock(ends, fileBytes, readFile, block)).length;
    }
    return new LineView({ ends, fileBytes, readFile, starts, length, last });
  }

  /** Fills the target, which ends inside the view. */
  async read(offset: number, target: Uint8Array): Promise<void> {
    let block = this.#blockAt(offset);
    for (let at = 0; at < target.length; block += 1) {
      const bytes = await this.#load(block);
      const from = offset + at - (this.#starts[block] ?? this.length);
      const part = bytes.subarray(from, from + target.length - at);
      if (part.length === 0 && block >= this.#starts.length) {
        throw new RangeError(`read ${target.length} bytes at ${offset}: there are ${this.length}`);
      }
      target.set(part, at);
      at += part.length;
    }
  }

  async #load(block: number): Promise<Uint8Array> {
    const last = this.#last;
    if (last.view === this && last.block === block) return last.bytes;
    const bytes = await loadBlock(this.#ends, this.#fileBytes, this.#readFile, block);
    last.view = this;
    last.block = block;
    last.bytes = bytes;
    return bytes;
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

/** A block of the file with other line ends; the bytes on both its sides say what its first and last ones become. */
async function loadBlock(ends: LineEnds, fileBytes: number, readFile: ReadInto, block: number): Promise<Uint8Array> {
  const begin = block * BLOCK_BYTES;
  const end = Math.min(fileBytes, begin + BLOCK_BYTES);
  if (begin >= end) return new Uint8Array(0);
  const from = Math.max(0, begin - 1);
  const bytes = new Uint8Array(Math.min(fileBytes, end + 1) - from);
  await readFile(from, bytes);
  return convert(ends, bytes, begin - from, end - from);
}

function convert(ends: LineEnds, bytes: Uint8Array, begin: number, end: number): Uint8Array {
  const converted = new Uint8Array(ends === 'crlf' ? 2 * (end - begin) : end - begin);
  let length = 0;
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (ends === 'lf') {
      if (byte === CR && bytes[at + 1] === LF) continue;
    } else if (byte === LF && bytes[at - 1] !== CR) {
      converted[length] = CR;
      length += 1;
    }
    converted[length] = byte;
    length += 1;
  }
  return converted.subarray(0, length);
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
