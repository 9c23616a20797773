import { matchLength } from './hash.ts';
import { PositionIndex } from './position-index.ts';

const HASH_LENGTH_BYTES = 32;
/** How far behind the end of a match the same alignment is looked for again. */
const RESUME_BYTES_MAX = 48;
const REACH = 4;
/** A match as long ends the search for a longer one. */
const LENGTH_ENOUGH_BYTES = 4096;
/** Between two looks at the signal and reports. */
const SLICE_BYTES = 1024 * 1024;

/** Long matches, in the order of new, that the parse takes as they are. */
export interface Anchors {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly sources: Int32Array;
}

export interface AnchorOptions {
  /** Every how many bytes the index has a place. */
  readonly strideBytes: number;
  /** Below this, only what goes on at the alignment of the last anchor is one. */
  readonly lengthMin: number;
  readonly entriesMax: number;
  readonly onSlice: (at: number) => void;
}

/** Finds long matches for `bytes` from `begin` on, in all that stands before. */
export function findAnchors(bytes: Uint8Array, begin: number, options: AnchorOptions): Anchors {
  const { strideBytes, lengthMin, entriesMax, onSlice } = options;
  const end = bytes.length;
  const index = new PositionIndex(bytes, {
    ...{ hashLength: HASH_LENGTH_BYTES, strideBytes, entriesMax },
    entriesExpected: bytes.length / strideBytes,
  });
  const anchors = new AnchorList();
  const found = new Int32Array(3 * REACH);
  let alignment = 0;
  let done = begin;
  let nextSlice = begin + SLICE_BYTES;
  for (let at = begin; at + HASH_LENGTH_BYTES <= end;) {
    if (at >= nextSlice) {
      onSlice(at);
      nextSlice = at + SLICE_BYTES;
    }
    let start = -1;
    let source = 0;
    let length = 0;
    if (alignment > 0) {
      const skipped = resume(bytes, at - alignment, at, end);
      if (skipped >= 0) {
        start = at + skipped;
        source = start - alignment;
        length = matchLength(bytes, source, start, end);
      }
    }
    if (start < 0) {
      const near = at - (alignment > 0 ? alignment : begin);
      const count = index.candidates(at, near, REACH, found);
      for (let choice = 0; choice < count && length < LENGTH_ENOUGH_BYTES; choice += 1) {
        const candidate = found[choice] ?? 0;
        const after = matchLength(bytes, candidate, at, end);
        if (after < HASH_LENGTH_BYTES) continue;
        const before = matchBefore(bytes, candidate, at, done);
        const isNearer = before + after === length && Math.abs(candidate - before - near) < Math.abs(source - near);
        if (before + after <= length && !isNearer) continue;
        start = at - before;
        source = candidate - before;
        length = before + after;
      }
      if (length < lengthMin) {
        at += 1;
        continue;
      }
    }
    anchors.push(start, start + length, source);
    alignment = start - source;
    at = start + length;
    done = at;
  }
  return anchors;
}

function matchBefore(bytes: Uint8Array, from: number, at: number, done: number): number {
  const limit = Math.min(from, at - done);
  let length = 0;
  while (length < limit && bytes[from - length - 1] === bytes[at - length - 1]) length += 1;
  return length;
}

/** @returns After how many bytes an alignment has an anchor's length of equal ones; -1 when it has not soon. */
function resume(bytes: Uint8Array, from: number, at: number, end: number): number {
  const limit = Math.min(RESUME_BYTES_MAX + HASH_LENGTH_BYTES, end - at);
  let run = 0;
  for (let index = 0; index < limit; index += 1) {
    if (bytes[from + index] !== bytes[at + index]) {
      run = 0;
      if (index >= RESUME_BYTES_MAX) return -1;
      continue;
    }
    run += 1;
    if (run === HASH_LENGTH_BYTES) return index + 1 - run;
  }
  return -1;
}

class AnchorList implements Anchors {
  count = 0;
  starts: Int32Array = new Int32Array(1024);
  ends: Int32Array = new Int32Array(1024);
  sources: Int32Array = new Int32Array(1024);

  push(start: number, end: number, source: number): void {
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
      this.sources = grown(this.sources);
    }
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.sources[this.count] = source;
    this.count += 1;
  }
}

function grown(array: Int32Array): Int32Array {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
