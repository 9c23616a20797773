import { anchoredBytes, type Anchors } from './anchors.ts';
import { matchLength } from './hash.ts';
import { NearPlaces } from './near-places.ts';
import { KIND_ADD, KIND_COPY, KIND_LITERAL, type OpList } from './op-list.ts';
import { PlaceTable } from './place-table.ts';
import { LookUps } from './look-ups.ts';
import type { Skips } from './place-batches.ts';
import { PositionIndex } from './position-index.ts';
import { Prices, SLOT_ALIGNED, SLOT_CONTINUE, SLOT_EARLIER, SLOT_EARLIEST } from './prices.ts';
import { wantedHashes } from './wanted-hashes.ts';
import { Ways } from './ways.ts';

/** Places that are parsed at a time; the cheapest way is found within each. */
const BLOCK_BYTES = 1 << 14;
/** After so many bytes prices are made anew from what was counted. */
const PRICED_BYTES = 4096;
/** No index is kept smaller than this. */
const ENTRIES_MIN = 65_536;
const COPY_LENGTH_MIN = 3;
const REPEAT_LENGTH_MIN = 2;
/** What a run of literals costs besides its bytes, about. */
const PLAIN_BITS = 24;
/** A match as long ends a stretch in which nothing is found. */
const WET_LENGTH_MIN = 8;
const DRY_BYTES_A_STEP_LOG2 = 8;
/** How far before a place that was looked up a match is followed: as far as places that are not in the index go. */
const BACK_BYTES_MAX = 16;

/** An index of places that what is parsed may be copied from. */
export interface ParseIndex {
  /** How many bytes of a place are hashed. */
  readonly hashLength: number;
  /** Places at most for each byte that is parsed: of what is found nearly everywhere, a few are enough. */
  readonly entriesAByte: number;
}

export interface ParseOptions {
  /** The length of what they find rises. */
  readonly indexes: readonly ParseIndex[];
  /** How far around the expected source is looked for each byte that is known to lie there or has to be found. */
  readonly nearBytesAByte: number;
  /** How many places on each side of the expected one are tried. */
  readonly reach: number;
  /** Every how many bytes a place is indexed. */
  readonly strideBytes: number;
  /** How much of both ends of an anchor is indexed: the rest is found where it was copied from. */
  readonly anchorEdgeBytes: number;
  /** A match as long ends the search at its place. */
  readonly lengthEnough: number;
  /** Nothing is looked for anywhere while a copy goes on for more bytes than this. */
  readonly restBytes: number;
  /** A copy that is longer is taken whole or not at all. */
  readonly shortenedBytesMax: number;
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
  readonly #lookUps: readonly LookUps[];
  readonly #prices = new Prices();
  readonly #ways: Ways;
  readonly #near: NearPlaces;
  /** Places of new that were parsed. */
  readonly #made: PlaceTable;
  readonly #found: Int32Array;
  readonly #path = new Int32Array(BLOCK_BYTES + 1);
  #dryBytes = 0;
  #unpricedBytes = 0;

  constructor(bytes: Uint8Array, begin: number, anchors: Anchors, ops: OpList, options: ParseOptions) {
    this.#bytes = bytes;
    this.#begin = begin;
    this.#anchors = anchors;
    this.#ops = ops;
    this.#options = options;
    this.#found = new Int32Array(3 * options.reach);
    this.#lookUps = this.#indexes()
      .map((index) => new LookUps(index, this.#gaps()))
      .reverse();
    this.#near = new NearPlaces(bytes, options.nearBytesAByte);
    this.#made = new PlaceTable(bytes);
    this.#ways = new Ways(BLOCK_BYTES, options.shortenedBytesMax, this.#prices);
    this.#ways.kind[0] = KIND_COPY;
    this.#ways.alignment[0] = begin;
  }

  run(): void {
    let anchorBytes = 0;
    for (const [from, to, anchor] of this.#gaps()) {
      for (let at = from; at < to; at += BLOCK_BYTES) {
        const end = Math.min(to, at + BLOCK_BYTES);
        this.#options.onSlice(at);
        const alignment = this.#ways.alignment[0] ?? 0;
        this.#near.follow(at - alignment, end - alignment, anchorBytes + end - from);
        this.#parseBlock(at, end);
      }
      if (anchor < this.#anchors.count) anchorBytes = this.#takeAnchor(anchor);
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

  /** What need not be parsed: old and the anchors. */
  #known(): Skips {
    const { count, starts, ends } = this.#anchors;
    const known = { starts: new Int32Array(count + 1), ends: new Int32Array(count + 1) };
    known.starts.set(starts.subarray(0, count), 1);
    known.ends[0] = this.#begin;
    known.ends.set(ends.subarray(0, count), 1);
    return known;
  }

  /** Of each length; only of places whose bytes are like some that are left to parse. */
  #indexes(): PositionIndex[] {
    const bytes = this.#bytes;
    const { indexes, strideBytes, anchorEdgeBytes } = this.#options;
    const left = bytes.length - this.#begin - anchoredBytes(this.#anchors);
    const known = this.#known();
    const skipped = innerParts(this.#anchors, anchorEdgeBytes);
    return indexes.map(({ hashLength, entriesAByte }) => {
      const wanted = wantedHashes(bytes, hashLength, known, left);
      const entriesMax = Math.min(this.#options.entriesMax, Math.max(ENTRIES_MIN, entriesAByte * left));
      const entriesExpected = 2 * left;
      return new PositionIndex(bytes, { hashLength, strideBytes, entriesExpected, entriesMax, skipped, wanted });
    });
  }

  /** @returns Its length. */
  #takeAnchor(anchor: number): number {
    const start = this.#anchors.starts[anchor] ?? 0;
    const source = this.#anchors.sources[anchor] ?? 0;
    const length = (this.#anchors.ends[anchor] ?? 0) - start;
    const ways = this.#ways;
    this.#noteCopy(0, start, source, length);
    this.#ops.push(KIND_COPY, source, length);
    ways.turn(0, 0, start - source);
    ways.sourceEnd[0] = source + length;
    ways.kind[0] = KIND_COPY;
    return length;
  }

  #parseBlock(at: number, end: number): void {
    const { lengthEnough, restBytes, strideBytesMax } = this.#options;
    const count = end - at;
    this.#ways.start(count);
    /** Where the copy that goes on for longest has only so many bytes left that something is looked for again. */
    let rested = 0;
    for (let node = 0; node < count; node += 1) {
      this.#tryBytes(node, at);
      let longest = this.#tryRepeats(node, at, end);
      if (longest < lengthEnough)
        longest = Math.max(longest, this.#tryPlace(this.#near.find(at + node), node, at, end));
      if (longest < lengthEnough)
        longest = Math.max(longest, this.#tryPlace(this.#made.find(at + node), node, at, end));
      this.#made.enter(at + node, at + node + 1);
      rested = Math.max(rested, node + longest - restBytes);
      // The longer nothing is found, the fewer places are looked up.
      const step = Math.min(strideBytesMax, 1 + (this.#dryBytes >>> DRY_BYTES_A_STEP_LOG2));
      if (node >= rested && node % step === 0) {
        for (const lookUps of this.#lookUps) {
          if (longest >= lengthEnough) break;
          const slot = step > 1 ? lookUps.index.slotAt(at + node) : lookUps.slotAt(at + node);
          if (slot >= 0) longest = Math.max(longest, this.#tryIndex(lookUps.index, slot, node, at, end));
        }
        rested = Math.max(rested, node + longest - restBytes);
      }
      this.#dryBytes = longest >= WET_LENGTH_MIN ? 0 : this.#dryBytes + 1;
    }
    this.#emit(at, count);
  }

  /** One byte more as it is, or by its difference to what the last source goes on with. */
  #tryBytes(node: number, begin: number): void {
    const bytes = this.#bytes;
    const ways = this.#ways;
    const at = begin + node;
    const cost = ways.cost[node] ?? 0;
    const before = ways.kind[node] ?? 0;
    const byte = bytes[at] ?? 0;
    const sourceEnd = ways.sourceEnd[node] ?? 0;
    const literal = cost + this.#prices.literal(before, byte);
    if (literal < (ways.cost[node + 1] ?? 0)) ways.step(node, KIND_LITERAL, literal, 0, sourceEnd);
    if (sourceEnd === 0 || at - sourceEnd !== ways.alignment[node]) return;
    const add = cost + this.#prices.add(before, this.#difference(at, sourceEnd));
    if (add < (ways.cost[node + 1] ?? 0)) ways.step(node, KIND_ADD, add, sourceEnd, sourceEnd + 1);
  }

  #tryRepeats(node: number, begin: number, end: number): number {
    const ways = this.#ways;
    const at = begin + node;
    const sourceEnd = ways.sourceEnd[node] ?? 0;
    const aligned = at - (ways.alignment[node] ?? 0);
    let longest = this.#tryRepeat(node, at, end, sourceEnd, SLOT_CONTINUE);
    if (aligned !== sourceEnd) longest = Math.max(longest, this.#tryRepeat(node, at, end, aligned, SLOT_ALIGNED));
    const earlier = ways.earlier[node] ?? 0;
    if (earlier > 0) longest = Math.max(longest, this.#tryRepeat(node, at, end, at - earlier, SLOT_EARLIER));
    const earliest = ways.earliest[node] ?? 0;
    if (earliest > 0) longest = Math.max(longest, this.#tryRepeat(node, at, end, at - earliest, SLOT_EARLIEST));
    return longest;
  }

  #tryRepeat(node: number, at: number, end: number, source: number, slot: number): number {
    if (source < 0 || source >= at || this.#bytes[source] !== this.#bytes[at]) return 0;
    const length = matchLength(this.#bytes, source, at, end);
    const cost = (this.#ways.cost[node] ?? 0) + this.#prices.repeat(this.#ways.kind[node] ?? 0, slot);
    this.#ways.copy(node, at - source, source, cost, REPEAT_LENGTH_MIN, length);
    return length;
  }

  #tryPlace(source: number, node: number, begin: number, end: number): number {
    const at = begin + node;
    if (source < 0 || source >= at || this.#bytes[source] !== this.#bytes[at]) return 0;
    const length = matchLength(this.#bytes, source, at, end);
    if (length >= COPY_LENGTH_MIN) this.#tryCopy(node, at, source, COPY_LENGTH_MIN, length);
    return length;
  }

  #tryIndex(index: PositionIndex, slot: number, node: number, begin: number, end: number): number {
    const at = begin + node;
    const found = this.#found;
    const count = index.candidates(slot, at, this.#ways.sourceEnd[node] ?? 0, this.#options.reach, found);
    const enough = Math.min(index.hashLength, end - at);
    let longest = 0;
    for (let choice = 0; choice < count && longest < this.#options.lengthEnough; choice += 1) {
      const source = found[choice] ?? 0;
      const length = matchLength(this.#bytes, source, at, end);
      if (length < enough) continue;
      this.#tryCopy(node, at, source, COPY_LENGTH_MIN, length);
      if (index.strideBytes > 1) this.#tryBefore(node, at, source, length);
      longest = Math.max(longest, length);
    }
    return longest;
  }

  /** A match that is found where the index has a place began before it. */
  #tryBefore(node: number, at: number, source: number, length: number): void {
    const most = Math.min(BACK_BYTES_MAX, node, source);
    for (let back = 1; back <= most; back += 1) {
      if (this.#bytes[source - back] !== this.#bytes[at - back]) return;
      this.#tryCopy(node - back, at - back, source - back, length + back, length + back);
    }
  }

  #tryCopy(node: number, at: number, source: number, lengthMin: number, length: number): void {
    const ways = this.#ways;
    const jump = source - (ways.sourceEnd[node] ?? 0);
    const cost = (ways.cost[node] ?? 0) + this.#prices.copy(ways.kind[node] ?? 0, jump, at - source);
    ways.copy(node, at - source, source, cost, lengthMin, length);
  }

  #emit(begin: number, count: number): void {
    const path = this.#path;
    const { from: cameFrom, source: sources, kind: kinds } = this.#ways;
    let steps = 0;
    for (let node = count; node > 0; node = cameFrom[node] ?? 0) {
      path[steps] = node;
      steps += 1;
    }
    this.#plainAdds(begin, steps);
    for (let step = steps - 1; step >= 0; step -= 1) {
      const node = path[step] ?? 0;
      const from = cameFrom[node] ?? 0;
      const source = sources[node] ?? 0;
      const kind = kinds[node] ?? 0;
      this.#ops.push(kind, source, node - from);
      this.#note(kind, from, begin + from, source, node - from);
    }
    this.#unpricedBytes += count;
    if (this.#unpricedBytes >= PRICED_BYTES) {
      this.#prices.refresh();
      this.#unpricedBytes = 0;
    }
    this.#ways.carry(count);
  }

  /**
   * Makes literals of long runs of differences that cost more than these. Each place knows one way there alone: that of a literal, dear
   * for the first byte and cheap for all after it, is lost there.
   */
  #plainAdds(begin: number, steps: number): void {
    const { kind: kinds, source: sources } = this.#ways;
    const path = this.#path;
    for (let step = steps - 1; step >= 0;) {
      let saved = -PLAIN_BITS;
      let last = step;
      for (; last >= 0 && kinds[path[last] ?? 0] === KIND_ADD; last -= 1) {
        const node = path[last] ?? 0;
        const byte = this.#bytes[begin + node - 1] ?? 0;
        const difference = this.#difference(begin + node - 1, sources[node] ?? 0);
        saved += this.#prices.saving(byte, difference);
      }
      if (saved > 0) for (let index = step; index > last; index -= 1) kinds[path[index] ?? 0] = KIND_LITERAL;
      step = Math.min(last, step - 1);
    }
  }

  #note(kind: number, from: number, at: number, source: number, length: number): void {
    const before = this.#ways.kind[from] ?? 0;
    const byte = this.#bytes[at] ?? 0;
    if (kind === KIND_LITERAL) this.#prices.noteLiteral(before, byte);
    else if (kind === KIND_ADD) this.#prices.noteAdd(before, this.#difference(at, source), byte);
    else this.#noteCopy(from, at, source, length);
  }

  #difference(at: number, source: number): number {
    return ((this.#bytes[at] ?? 0) - (this.#bytes[source] ?? 0)) & 0xff;
  }

  #noteCopy(node: number, at: number, source: number, length: number): void {
    const before = this.#ways.kind[node] ?? 0;
    const distance = at - source;
    const jump = source - (this.#ways.sourceEnd[node] ?? 0);
    let slot: number;
    if (jump === 0) slot = SLOT_CONTINUE;
    else if (distance === this.#ways.alignment[node]) slot = SLOT_ALIGNED;
    else if (distance === this.#ways.earlier[node]) slot = SLOT_EARLIER;
    else if (distance === this.#ways.earliest[node]) slot = SLOT_EARLIEST;
    else slot = this.#prices.slotOf(before, jump, distance);
    this.#prices.noteCopy(before, { slot, jump, distance, length });
  }
}
