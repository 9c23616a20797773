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

/** What was read last, of whichever view: small reads often follow one another. And room to convert blocks in. */
export class LastBlock {
  view: LineView | undefined;
  block = 0;
  bytes: Uint8Array = new Uint8Array(0);
  readonly converted: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);
  /** Undefined while a block is being read to it. */
  room: Uint8Array | undefined = new Uint8Array(BLOCK_BYTES + 2);
}

/** What a view is of. */
interface Viewed {
  readonly ends: LineEnds;
  readonly file: ViewedBytes;
  readonly last: LastBlock;
}

/** A file with other line ends, at random places: knows how far each block of the file moves. */
export class LineView {
  readonly length: number;
  readonly #viewed: Viewed;
  /** Where in the view each block of the file begins. */
  readonly #starts: Float64Array;

  private constructor(viewed: Viewed, starts: Float64Array, length: number) {
    this.length = length;
    this.#viewed = viewed;
    this.#starts = starts;
  }

  /**
   * Reads the file once.
   *
   * @param last Shared by the views that are read in turn.
   */
  static async open(file: ViewedBytes, ends: LineEnds, last: LastBlock): Promise<LineView> {
    const viewed = { ends, file, last };
    const starts = new Float64Array(Math.ceil(file.lengthBytes / BLOCK_BYTES));
    if (starts.length === 1) {
      // Most files are one block, which is wanted next.
      const bytes = await convertBlock(viewed, 0, (converted) => converted.slice());
      const view = new LineView(viewed, starts, bytes.length);
      view.#keep(0, bytes);
      return view;
    }
    let length = 0;
    for (let block = 0; block < starts.length; block += 1) {
      starts[block] = length;
      length += await convertBlock(viewed, block, (converted) => converted.length);
    }
    return new LineView(viewed, starts, length);
  }

  /** Fills the target, which ends inside the view. */
  async read(offset: number, target: Uint8Array): Promise<void> {
    if (offset + target.length > this.length) {
      throw new RangeError(`read ${target.length} bytes at ${offset}: there are ${this.length}`);
    }
    let block = this.#blockAt(offset);
    for (let at = 0; at < target.length; block += 1) {
      const bytes = await this.#load(block);
      const from = offset + at - (this.#starts[block] ?? this.length);
      const part = bytes.subarray(from, from + target.length - at);
      target.set(part, at);
      at += part.length;
    }
  }

  async #load(block: number): Promise<Uint8Array> {
    const { last } = this.#viewed;
    if (last.view === this && last.block === block) return last.bytes;
    const bytes = await convertBlock(this.#viewed, block, (converted) => converted.slice());
    this.#keep(block, bytes);
    return bytes;
  }

  #keep(block: number, bytes: Uint8Array): void {
    const { last } = this.#viewed;
    last.view = this;
    last.block = block;
    last.bytes = bytes;
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

/**
 * A block of the file with other line ends; the bytes on both its sides say what its first and last ones become.
 *
 * @param use Is given bytes that the next call writes over.
 */
async function convertBlock<T>(
  { ends, file: { lengthBytes, readInto }, last }: Viewed,
  block: number,
  use: (converted: Uint8Array) => T,
): Promise<T> {
  const begin = block * BLOCK_BYTES;
  const end = Math.min(lengthBytes, begin + BLOCK_BYTES);
  const from = Math.max(0, begin - 1);
  const room = last.room ?? new Uint8Array(BLOCK_BYTES + 2);
  last.room = undefined;
  try {
    const bytes = room.subarray(0, Math.min(lengthBytes, end + 1) - from);
    await readInto(from, bytes);
    const convert = ends === 'crlf' ? addCrs : dropCrs;
    return use(last.converted.subarray(0, convert(bytes, begin - from, end - from, last.converted)));
  } finally {
    last.room = room;
  }
}

/** Puts a CR before each LF that has none, from `begin` to `end`. @returns How many bytes that gives. */
function addCrs(bytes: Uint8Array, begin: number, end: number, target: Uint8Array): number {
  let length = 0;
  let before = begin > 0 ? bytes[begin - 1] : 0;
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === LF && before !== CR) {
      target[length] = CR;
      length += 1;
    }
    target[length] = byte;
    length += 1;
    before = byte;
  }
  return length;
}

/** Leaves out each CR before an LF, from `begin` to `end`. @returns How many bytes that gives. */
function dropCrs(bytes: Uint8Array, begin: number, end: number, target: Uint8Array): number {
  let length = 0;
  let byte = bytes[begin] ?? 0;
  for (let at = begin; at < end; at += 1) {
    // There is no byte behind the file's last one.
    const next = at + 1 < bytes.length ? (bytes[at + 1] ?? 0) : 0;
    if (byte !== CR || next !== LF) {
      target[length] = byte;
      length += 1;
    }
    byte = next;
  }
  return length;
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
