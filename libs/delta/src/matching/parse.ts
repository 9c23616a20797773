import type { Anchors } from './anchors.ts';
import { hashAt, matchLength } from './hash.ts';
import { KIND_ADD, KIND_COPY, KIND_LITERAL, type OpList } from './op-list.ts';
import { HashFilter, PositionIndex, type Skips } from './position-index.ts';
import { Prices, SLOT_ALIGNED, SLOT_CONTINUE, SLOT_EARLIER, SLOT_EARLIEST } from './prices.ts';

/** Places that are parsed at a time; the cheapest way is found within each. */
const BLOCK_BYTES = 1 << 14;
/** A copy that is longer is taken whole or not at all. */
const SHORTENED_BYTES_MAX = 96;
const COPY_LENGTH_MIN = 3;
const DRY_BYTES_A_STEP_LOG2 = 8;
const REPEAT_LENGTH_MIN = 2;

export interface ParseOptions {
  /** Lengths in bytes of what is looked for, rising. */
  readonly hashLengths: readonly number[];
  /** How many places on each side of the expected one are tried. */
  readonly reach: number;
  /** Every how many bytes a place is indexed. */
  readonly strideBytes: number;
  /** How much of both ends of an anchor is indexed: the rest is found where it was copied from. */
  readonly anchorEdgeBytes: number;
  /** A match as long ends the search at its place. */
  readonly lengthEnough: number;
  /** Every how many bytes is looked up where nothing has been found for long. */
  readonly strideBytesMax: number;
  /** Places in each index. */
  readonly entriesMax: number;
  readonly onSlice: (at: number) => void;
}

/**
 * Parses what the anchors leave: the cheapest way in operations through each block, by a dynamic program over its places.
 *
 * @param begin Where new begins in `bytes`; what is before can only be copied from.
 */
export function parse(bytes: Uint8Array, begin: number, anchors: Anchors, ops: OpList, options: ParseOptions): void {
  new Parser(bytes, begin, anchors, ops, options).run();
}

function innerParts(anchors: Anchors, edgeBytes: number): Skips {
  const starts = new Int32Array(anchors.count);
  const ends = new Int32Array(anchors.count);
  let count = 0;
  for (let anchor = 0; anchor < anchors.count; anchor += 1) {
    const start = (anchors.starts[anchor] ?? 0) + edgeBytes;
    const end = (anchors.ends[anchor] ?? 0) - edgeBytes;
    if (end <= start) continue;
    starts[count] = start;
    ends[count] = end;
    count += 1;
  }
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count) };
}

class Parser {
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #anchors: Anchors;
  readonly #ops: OpList;
  readonly #options: ParseOptions;
  readonly #indexes: readonly PositionIndex[];
  readonly #prices = new Prices();
  #dryBytes = 0;
  readonly #found: Int32Array;
  // Of each place of a block, counted from its begin: the cheapest way there, and the state after it.
  readonly #cost = new Float64Array(BLOCK_BYTES + 1);
  readonly #kind = new Uint8Array(BLOCK_BYTES + 1);
  readonly #from = new Int32Array(BLOCK_BYTES + 1);
  readonly #source = new Int32Array(BLOCK_BYTES + 1);
  /** Where the last source ended. */
  readonly #sourceEnd = new Int32Array(BLOCK_BYTES + 1);
  /** How far before its target the last source was, and two that were others. */
  readonly #alignment = new Int32Array(BLOCK_BYTES + 1);
  readonly #earlier = new Int32Array(BLOCK_BYTES + 1);
  readonly #earliest = new Int32Array(BLOCK_BYTES + 1);
  readonly #path = new Int32Array(BLOCK_BYTES + 1);

  constructor(bytes: Uint8Array, begin: number, anchors: Anchors, ops: OpList, options: ParseOptions) {
    this.#bytes = bytes;
    this.#begin = begin;
    this.#anchors = anchors;
    this.#ops = ops;
    this.#options = options;
    this.#found = new Int32Array(3 * options.reach);
    this.#indexes = options.hashLengths.map((hashLength) => this.#index(hashLength)).reverse();
    this.#kind[0] = KIND_COPY;
    this.#alignment[0] = begin;
  }

  run(): void {
    for (const [from, to, anchor] of this.#gaps()) {
      for (let at = from; at < to; at += BLOCK_BYTES) {
        this.#options.onSlice(at);
        this.#parseBlock(at, Math.min(to, at + BLOCK_BYTES));
      }
      if (anchor < this.#anchors.count) this.#takeAnchor(anchor);
    }
  }

  /** What is between anchors, and the number of the anchor that comes after. */
  *#gaps(): Generator<readonly [from: number, to: number, anchor: number]> {
    const { count, starts, ends } = this.#anchors;
    let at = this.#begin;
    for (let anchor = 0; anchor < count; anchor += 1) {
      yield [at, starts[anchor] ?? 0, anchor];
      at = ends[anchor] ?? 0;
    }
    yield [at, this.#bytes.length, count];
  }

  /** Only of places whose bytes are like some that are left to parse. */
  #index(hashLength: number): PositionIndex {
    const bytes = this.#bytes;
    let left = bytes.length - this.#begin;
    for (let anchor = 0; anchor < this.#anchors.count; anchor += 1) {
      left -= (this.#anchors.ends[anchor] ?? 0) - (this.#anchors.starts[anchor] ?? 0);
    }
    const wanted = new HashFilter(left);
    for (const [from, to] of this.#gaps()) {
      const last = Math.min(to - 1, bytes.length - hashLength);
      for (let at = from; at <= last; at += 1) wanted.add(hashAt(bytes, at, hashLength));
    }
    const { strideBytes, entriesMax, anchorEdgeBytes } = this.#options;
    const skipped = innerParts(this.#anchors, anchorEdgeBytes);
    return new PositionIndex(bytes, {
      hashLength,
      strideBytes,
      entriesExpected: 2 * left,
      entriesMax,
      skipped,
      wanted,
    });
  }

  #takeAnchor(anchor: number): void {
    const start = this.#anchors.starts[anchor] ?? 0;
    const source = this.#anchors.sources[anchor] ?? 0;
    const length = (this.#anchors.ends[anchor] ?? 0) - start;
    this.#noteCopy(0, start, source, length);
    this.#ops.push(KIND_COPY, source, length);
    this.#turn(0, 0, start - source);
    this.#sourceEnd[0] = source + length;
    this.#kind[0] = KIND_COPY;
  }

  #parseBlock(at: number, end: number): void {
    const bytes = this.#bytes;
    const cost = this.#cost;
    const count = end - at;
    cost.fill(Infinity, 1, count + 1);
    cost[0] = 0;
    for (let node = 0; node < count; node += 1) {
      this.#tryBytes(node, at);
      let longest = this.#tryRepeats(node, at, end);
      // The longer nothing is found, the fewer places are looked up.
      if (node % Math.min(this.#options.strideBytesMax, 1 + (this.#dryBytes >>> DRY_BYTES_A_STEP_LOG2)) === 0) {
        for (const index of this.#indexes) {
          if (longest >= this.#options.lengthEnough) break;
          if (at + node + index.hashLength > bytes.length) continue;
          longest = Math.max(longest, this.#tryIndex(index, node, at, end));
        }
      }
      this.#dryBytes = longest > COPY_LENGTH_MIN ? 0 : this.#dryBytes + 1;
    }
    this.#emit(at, count);
  }

  /** One byte more as it is, or by its difference to what the last source goes on with. */
  #tryBytes(node: number, begin: number): void {
    const bytes = this.#bytes;
    const at = begin + node;
    const cost = this.#cost[node] ?? 0;
    const before = this.#kind[node] ?? 0;
    const byte = bytes[at] ?? 0;
    const sourceEnd = this.#sourceEnd[node] ?? 0;
    const next = node + 1;
    const literal = cost + this.#prices.literal(before, byte);
    if (literal < (this.#cost[next] ?? 0)) this.#step(node, next, KIND_LITERAL, literal, 0, sourceEnd);
    if (sourceEnd === 0 || at - sourceEnd !== this.#alignment[node]) return;
    const add = cost + this.#prices.add(before, (byte - (bytes[sourceEnd] ?? 0)) & 0xff);
    if (add < (this.#cost[next] ?? 0)) this.#step(node, next, KIND_ADD, add, sourceEnd, sourceEnd + 1);
  }

  #step(node: number, next: number, kind: number, cost: number, source: number, sourceEnd: number): void {
    this.#cost[next] = cost;
    this.#kind[next] = kind;
    this.#from[next] = node;
    this.#source[next] = source;
    this.#sourceEnd[next] = sourceEnd;
    this.#alignment[next] = this.#alignment[node] ?? 0;
    this.#earlier[next] = this.#earlier[node] ?? 0;
    this.#earliest[next] = this.#earliest[node] ?? 0;
  }

  #tryRepeats(node: number, begin: number, end: number): number {
    const at = begin + node;
    const sourceEnd = this.#sourceEnd[node] ?? 0;
    const aligned = at - (this.#alignment[node] ?? 0);
    let longest = this.#tryRepeat(node, at, end, sourceEnd, SLOT_CONTINUE);
    if (aligned !== sourceEnd) longest = Math.max(longest, this.#tryRepeat(node, at, end, aligned, SLOT_ALIGNED));
    const earlier = this.#earlier[node] ?? 0;
    if (earlier > 0) longest = Math.max(longest, this.#tryRepeat(node, at, end, at - earlier, SLOT_EARLIER));
    const earliest = this.#earliest[node] ?? 0;
    if (earliest > 0) longest = Math.max(longest, this.#tryRepeat(node, at, end, at - earliest, SLOT_EARLIEST));
    return longest;
  }

  #tryRepeat(node: number, at: number, end: number, source: number, slot: number): number {
    if (source < 0 || source >= at || this.#bytes[source] !== this.#bytes[at]) return 0;
    const length = matchLength(this.#bytes, source, at, end);
    const cost = (this.#cost[node] ?? 0) + this.#prices.repeat(this.#kind[node] ?? 0, slot);
    this.#tryCopy(node, at - source, source, cost, REPEAT_LENGTH_MIN, length);
    return length;
  }

  #tryIndex(index: PositionIndex, node: number, begin: number, end: number): number {
    const at = begin + node;
    const sourceEnd = this.#sourceEnd[node] ?? 0;
    const before = this.#kind[node] ?? 0;
    const cost = this.#cost[node] ?? 0;
    const found = this.#found;
    const count = index.candidates(at, sourceEnd, this.#options.reach, found);
    const enough = Math.min(index.hashLength, end - at);
    let longest = 0;
    for (let choice = 0; choice < count && longest < this.#options.lengthEnough; choice += 1) {
      const source = found[choice] ?? 0;
      const length = matchLength(this.#bytes, source, at, end);
      if (length < enough) continue;
      const price = this.#prices.copy(before, source - sourceEnd, at - source);
      this.#tryCopy(node, at - source, source, cost + price, COPY_LENGTH_MIN, length);
      longest = Math.max(longest, length);
    }
    return longest;
  }

  #tryCopy(node: number, alignment: number, source: number, cost: number, lengthMin: number, length: number): void {
    const costs = this.#cost;
    for (let count = length > SHORTENED_BYTES_MAX ? length : lengthMin; count <= length; count += 1) {
      const price = cost + this.#prices.length(count);
      const next = node + count;
      if (price >= (costs[next] ?? 0)) continue;
      costs[next] = price;
      this.#kind[next] = KIND_COPY;
      this.#from[next] = node;
      this.#source[next] = source;
      this.#sourceEnd[next] = source + count;
      this.#turn(node, next, alignment);
    }
  }

  /** Puts an alignment before the others of a node. */
  #turn(node: number, next: number, alignment: number): void {
    const last = this.#alignment[node] ?? 0;
    const earlier = this.#earlier[node] ?? 0;
    const earliest = this.#earliest[node] ?? 0;
    const isLast = alignment === last;
    this.#alignment[next] = alignment;
    this.#earlier[next] = isLast ? earlier : last;
    this.#earliest[next] = isLast || alignment === earlier ? earliest : earlier;
  }

  #emit(begin: number, count: number): void {
    const path = this.#path;
    let steps = 0;
    for (let node = count; node > 0; node = this.#from[node] ?? 0) {
      path[steps] = node;
      steps += 1;
    }
    for (let step = steps - 1; step >= 0; step -= 1) {
      const node = path[step] ?? 0;
      const from = this.#from[node] ?? 0;
      const source = this.#source[node] ?? 0;
      const kind = this.#kind[node] ?? 0;
      this.#ops.push(kind, source, node - from);
      this.#note(kind, from, begin + from, source, node - from);
    }
    this.#prices.refresh();
    for (const column of [this.#kind, this.#sourceEnd, this.#alignment, this.#earlier, this.#earliest]) {
      column[0] = column[count] ?? 0;
    }
  }

  #note(kind: number, from: number, at: number, source: number, length: number): void {
    const before = this.#kind[from] ?? 0;
    const byte = this.#bytes[at] ?? 0;
    if (kind === KIND_LITERAL) this.#prices.noteLiteral(before, byte);
    else if (kind === KIND_ADD) this.#prices.noteAdd(before, (byte - (this.#bytes[source] ?? 0)) & 0xff);
    else this.#noteCopy(from, at, source, length);
  }

  #noteCopy(node: number, at: number, source: number, length: number): void {
    const before = this.#kind[node] ?? 0;
    const distance = at - source;
    const jump = source - (this.#sourceEnd[node] ?? 0);
    let slot: number;
    if (jump === 0) slot = SLOT_CONTINUE;
    else if (distance === this.#alignment[node]) slot = SLOT_ALIGNED;
    else if (distance === this.#earlier[node]) slot = SLOT_EARLIER;
    else if (distance === this.#earliest[node]) slot = SLOT_EARLIEST;
    else slot = this.#prices.slotOf(before, jump, distance);
    this.#prices.noteCopy(before, { slot, jump, distance, length });
  }
}
