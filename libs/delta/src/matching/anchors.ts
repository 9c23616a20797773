import { matchLength } from './hash.ts';
import type { Skips } from './place-batches.ts';
import { PositionIndex } from './position-index.ts';
import { wantedHashes } from './wanted-hashes.ts';

/** How far on an alignment is compared at a time. */
const RESUME_BYTES_MAX = 48;
/** A match as long ends the search for a longer one. */
const LENGTH_ENOUGH_BYTES = 4096;
/** The longer nothing is found, the fewer places are looked up: two bytes more between them for each so many. */
const DRY_BYTES_A_STEP_LOG2 = 9;
/** How many more that are at most. */
const STEP_MORE_BYTES_MAX = 16;
/** Where so many times as much is before what is matched, places whose bytes do not occur in it are left out of the index. */
const BEFORE_RATIO = 4;
/** Between two looks at the signal and reports. */
const SLICE_BYTES = 1024 * 1024;

/** Long matches, in the order of new, that the parse takes as they are. */
export interface Anchors {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly sources: Int32Array;
}

/** How much of new the anchors make. */
export function anchoredBytes({ count, starts, ends }: Anchors): number {
  let bytes = 0;
  for (let anchor = 0; anchor < count; anchor += 1) bytes += (ends[anchor] ?? 0) - (starts[anchor] ?? 0);
  return bytes;
}

export interface AnchorOptions {
  /** Every how many bytes the index has a place. */
  readonly strideBytes: number;
  /** Every how many bytes is looked up. */
  readonly stepBytes: number;
  readonly hashLength: number;
  /** How many places on each side of the expected one are tried. */
  readonly reach: number;
  /** Below this, only what goes on at the alignment of the last anchor is one. */
  readonly lengthMin: number;
  readonly entriesMax: number;
  readonly onSlice: (at: number) => void;
}

/** Finds long matches for `bytes` from `begin` on, in all that stands before. */
export function findAnchors(bytes: Uint8Array, begin: number, options: AnchorOptions): Anchors {
  const { strideBytes, stepBytes, hashLength, reach, lengthMin, entriesMax, onSlice } = options;
  const end = bytes.length;
  const known: Skips = { starts: Int32Array.of(0), ends: Int32Array.of(begin) };
  const wanted = begin > BEFORE_RATIO * (end - begin) ? wantedHashes(bytes, hashLength, known, end - begin) : undefined;
  const entriesExpected = end / strideBytes;
  const index = new PositionIndex(bytes, { hashLength, strideBytes, entriesMax, entriesExpected, wanted });
  const anchors = new AnchorList();
  const found = new Int32Array(3 * reach);
  let alignment = 0;
  let done = begin;
  /** Before it, the last alignment has no match. */
  let nextResume = begin;
  let nextSlice = begin + SLICE_BYTES;
  for (let at = begin; at + hashLength <= end;) {
    if (at >= nextSlice) {
      onSlice(at);
      nextSlice = at + SLICE_BYTES;
    }
    let start = -1;
    let source = 0;
    let length = 0;
    if (alignment > 0 && at >= nextResume) {
      nextResume = at + RESUME_BYTES_MAX;
      const skipped = resume(bytes, at - alignment, at, Math.min(end, nextResume + hashLength), hashLength);
      if (skipped >= 0) {
        start = at + skipped;
        source = start - alignment;
        length = matchLength(bytes, source, start, end);
      }
    }
    if (start < 0) {
      const near = at - (alignment > 0 ? alignment : begin);
      const slot = index.slotAt(at);
      const count = slot < 0 ? 0 : index.candidates(slot, at, near, reach, found);
      for (let choice = 0; choice < count && length < LENGTH_ENOUGH_BYTES; choice += 1) {
        const candidate = found[choice] ?? 0;
        const after = matchLength(bytes, candidate, at, end);
        if (after < hashLength) continue;
        const before = matchBefore(bytes, candidate, at, done);
        const isNearer = before + after === length && Math.abs(candidate - before - near) < Math.abs(source - near);
        if (before + after <= length && !isNearer) continue;
        start = at - before;
        source = candidate - before;
        length = before + after;
      }
      if (length < lengthMin) {
        at += stepBytes + Math.min(STEP_MORE_BYTES_MAX, ((at - done) >>> DRY_BYTES_A_STEP_LOG2) << 1);
        continue;
      }
    }
    anchors.push(start, start + length, source);
    alignment = start - source;
    at = start + length;
    done = at;
    nextResume = at;
  }
  return anchors;
}

function matchBefore(bytes: Uint8Array, from: number, at: number, done: number): number {
  const limit = Math.min(from, at - done);
  let length = 0;
  while (length < limit && bytes[from - length - 1] === bytes[at - length - 1]) length += 1;
  return length;
}

/** @returns After how many bytes `runBytes` equal ones begin; -1 without them before `end`. */
function resume(bytes: Uint8Array, from: number, at: number, end: number, runBytes: number): number {
  const limit = end - at;
  let run = 0;
  for (let index = 0; index < limit; index += 1) {
    run = bytes[from + index] === bytes[at + index] ? run + 1 : 0;
    if (run === runBytes) return index + 1 - run;
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
