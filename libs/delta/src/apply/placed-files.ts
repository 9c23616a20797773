import type { List } from '../list.ts';

/** Files one after another, found by where their bytes are. */
export class PlacedFiles<T extends { readonly lengthBytes: number }> {
  readonly files: List<T>;
  readonly length: number;
  readonly #starts: Float64Array;
  #last: { readonly index: number; readonly file: T | undefined } | undefined;

  constructor(files: List<T>) {
    let [index, start] = [0, 0];
    this.files = files;
    this.#starts = new Float64Array(files.length);
    for (const { lengthBytes } of files) {
      this.#starts[index] = start;
      start += lengthBytes;
      index += 1;
    }
    this.length = start;
  }

  /** The file with an index: made once, however often it is asked for while its bytes are at hand. */
  at(index: number): T | undefined {
    if (this.#last?.index !== index) this.#last = { index, file: this.files.at(index) };
    return this.#last.file;
  }

  start(index: number): number {
    return this.#starts[index] ?? this.length;
  }

  end(index: number): number {
    return this.start(index + 1);
  }

  /** Index of the file that has the byte at a place inside. */
  indexAt(place: number): number {
    let low = 0;
    let high = this.files.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.start(middle) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The parts of files that a range covers, empty files left out. */
  *spans(from: number, to: number): Generator<FileSpan> {
    if (to <= from) return;
    for (let index = this.indexAt(from), at = from; at < to && index < this.files.length; index += 1) {
      const end = Math.min(this.end(index), to);
      if (end <= at) continue;
      yield { index, from: at - this.start(index), to: end - this.start(index), at };
      at = end;
    }
  }
}

/** A part of a file. */
export interface FileSpan {
  readonly index: number;
  /** Within the file. */
  readonly from: number;
  readonly to: number;
  /** Where it begins among all files' bytes. */
  readonly at: number;
}
