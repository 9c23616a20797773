/**
 * The peers of one torrent, one family and one role, sorted by address and port.
 *
 * A peer is its compact form (BEP 23, BEP 7) and the time slot it was last heard in: 7 bytes for IPv4, 19 for IPv6.
 * Being sorted, neighbours in the list are neighbours in the network, and no index is needed. Chunks bound the cost of
 * an insert. Ranks count peers from the start of the list.
 */

const CHUNK_PEERS_MIN = 4;
const CHUNK_PEERS_MAX = 512;
/** Slots are kept modulo this. */
export const SLOT_MODULUS = 256;

interface Chunk {
  /** Compact peers; room for `slots.length` of them. */
  keys: Uint8Array;
  slots: Uint8Array;
  count: number;
}

/** Ranks from `start` up to `end`, not included. */
export interface RankRange {
  start: number;
  end: number;
}

interface Place {
  chunkIndex: number;
  index: number;
  isFound: boolean;
}

export class PeerList {
  readonly keyBytes: number;
  #chunks: Chunk[] = [];
  #count = 0;

  /** @param keyBytes 6 for IPv4, 18 for IPv6. */
  constructor(keyBytes: number) {
    this.keyBytes = keyBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a peer in, or renews it. @returns whether it is new. */
  put(key: Uint8Array, slot: number): boolean {
    const place = this.#locate(key);
    const chunk = this.#chunks[place.chunkIndex] ?? this.#firstChunk();
    if (place.isFound) {
      chunk.slots[place.index] = slot % SLOT_MODULUS;
      return false;
    }
    this.#insert(chunk, place, key, slot % SLOT_MODULUS);
    return true;
  }

  remove(key: Uint8Array): boolean {
    const place = this.#locate(key);
    const chunk = this.#chunks[place.chunkIndex];
    if (!place.isFound || chunk === undefined) return false;
    this.#cut(chunk, place.index);
    if (chunk.count === 0) this.#chunks.splice(place.chunkIndex, 1);
    return true;
  }

  /** Drops the peer of these ranks that was not heard of for longest. */
  removeOldest(ranks: RankRange, nowSlot: number): void {
    let oldest: { chunk: Chunk; index: number; age: number } | undefined;
    for (let rank = ranks.start; rank < ranks.end; rank += 1) {
      const { chunk, index } = this.#at(rank);
      const age = ageOf(chunk.slots[index] ?? 0, nowSlot);
      if (oldest === undefined || age > oldest.age) oldest = { chunk, index, age };
    }
    if (oldest === undefined) return;
    this.#cut(oldest.chunk, oldest.index);
    this.#dropEmptyChunks();
  }

  /** Drops peers that were last heard of more than `slotsKept` slots ago. @returns how many. */
  sweep(nowSlot: number, slotsKept: number): number {
    const before = this.#count;
    for (const chunk of this.#chunks) {
      let kept = 0;
      for (let index = 0; index < chunk.count; index += 1) {
        const slot = chunk.slots[index] ?? 0;
        if (ageOf(slot, nowSlot) > slotsKept) continue;
        if (kept !== index) {
          chunk.keys.copyWithin(kept * this.keyBytes, index * this.keyBytes, (index + 1) * this.keyBytes);
          chunk.slots[kept] = slot;
        }
        kept += 1;
      }
      this.#count -= chunk.count - kept;
      chunk.count = kept;
    }
    if (this.#count !== before) this.#dropEmptyChunks();
    return before - this.#count;
  }

  /** Ranks of the peers whose address begins with the first `prefixBytes` of `key`. */
  ranksOfPrefix(key: Uint8Array, prefixBytes: number): RankRange {
    return { start: this.#rankOf(key, prefixBytes, 'first'), end: this.#rankOf(key, prefixBytes, 'past') };
  }

  /** The rank of a peer; `undefined` when it is not in the list. */
  rankOf(key: Uint8Array): number | undefined {
    const place = this.#locate(key);
    if (!place.isFound) return undefined;
    let rank = place.index;
    for (let index = 0; index < place.chunkIndex; index += 1) rank += this.#chunks[index]?.count ?? 0;
    return rank;
  }

  /**
   * Copies `wanted` peers, spread evenly over the ranges from a random start, into `target`. No peer comes twice.
   *
   * @param ranges Ascending and apart from each other, with at least `wanted` peers in them.
   * @param random 0 up to 1.
   */
  sample(target: Uint8Array, at: number, ranges: readonly RankRange[], wanted: number, random: number): number {
    const total = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    const step = total / wanted;
    const cursor = { chunkIndex: 0, chunkRank: 0 };
    let rangeIndex = 0;
    let passed = 0;
    for (let pick = 0; pick < wanted; pick += 1) {
      const index = Math.min(Math.floor((pick + random) * step), total - 1);
      let range = ranges[rangeIndex];
      while (range !== undefined && index - passed >= range.end - range.start) {
        passed += range.end - range.start;
        rangeIndex += 1;
        range = ranges[rangeIndex];
      }
      if (range === undefined) break;
      this.#copy(range.start + index - passed, cursor, target, at + pick * this.keyBytes);
    }
    return at + wanted * this.keyBytes;
  }

  #copy(rank: number, cursor: { chunkIndex: number; chunkRank: number }, target: Uint8Array, at: number): void {
    let chunk = this.#chunks[cursor.chunkIndex];
    while (chunk !== undefined && rank - cursor.chunkRank >= chunk.count) {
      cursor.chunkRank += chunk.count;
      cursor.chunkIndex += 1;
      chunk = this.#chunks[cursor.chunkIndex];
    }
    if (chunk === undefined) throw new RangeError(`No peer has rank ${rank}`);
    const from = (rank - cursor.chunkRank) * this.keyBytes;
    for (let byte = 0; byte < this.keyBytes; byte += 1) target[at + byte] = chunk.keys[from + byte] ?? 0;
  }

  #at(rank: number): { chunk: Chunk; index: number } {
    let rest = rank;
    for (const chunk of this.#chunks) {
      if (rest < chunk.count) return { chunk, index: rest };
      rest -= chunk.count;
    }
    throw new RangeError(`No peer has rank ${rank}`);
  }

  #rankOf(key: Uint8Array, prefixBytes: number, side: 'first' | 'past'): number {
    const limit = side === 'first' ? 0 : 1;
    let rank = 0;
    for (const chunk of this.#chunks) {
      if (this.#compare(chunk, chunk.count - 1, key, prefixBytes) < limit) {
        rank += chunk.count;
        continue;
      }
      return rank + this.#lowerBound(chunk, key, prefixBytes, limit);
    }
    return rank;
  }

  /** First index of the chunk whose key compares at least as `limit` to `key`. */
  #lowerBound(chunk: Chunk, key: Uint8Array, prefixBytes: number, limit: number): number {
    let low = 0;
    let high = chunk.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(chunk, middle, key, prefixBytes) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #locate(key: Uint8Array): Place {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const chunk = this.#chunks[middle];
      if (chunk !== undefined && this.#compare(chunk, 0, key, this.keyBytes) <= 0) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#chunks[low];
    if (chunk === undefined) return { chunkIndex: 0, index: 0, isFound: false };
    const index = this.#lowerBound(chunk, key, this.keyBytes, 0);
    return {
      chunkIndex: low,
      index,
      isFound: index < chunk.count && this.#compare(chunk, index, key, this.keyBytes) === 0,
    };
  }

  #compare(chunk: Chunk, index: number, key: Uint8Array, prefixBytes: number): -1 | 0 | 1 {
    const at = index * this.keyBytes;
    for (let byte = 0; byte < prefixBytes; byte += 1) {
      const difference = (chunk.keys[at + byte] ?? 0) - (key[byte] ?? 0);
      if (difference !== 0) return difference < 0 ? -1 : 1;
    }
    return 0;
  }

  #firstChunk(): Chunk {
    const chunk = this.#newChunk(CHUNK_PEERS_MIN);
    this.#chunks.push(chunk);
    return chunk;
  }

  #newChunk(capacity: number): Chunk {
    return { keys: new Uint8Array(capacity * this.keyBytes), slots: new Uint8Array(capacity), count: 0 };
  }

  #insert(chunk: Chunk, place: Place, key: Uint8Array, slot: number): void {
    if (chunk.count === CHUNK_PEERS_MAX) {
      const upper = this.#split(place.chunkIndex, chunk);
      const half = chunk.count;
      if (place.index > half) {
        this.#insert(upper, { chunkIndex: place.chunkIndex + 1, index: place.index - half, isFound: false }, key, slot);
        return;
      }
    }
    if (chunk.count === chunk.slots.length) this.#grow(chunk);
    const { keyBytes } = this;
    chunk.keys.copyWithin((place.index + 1) * keyBytes, place.index * keyBytes, chunk.count * keyBytes);
    chunk.slots.copyWithin(place.index + 1, place.index, chunk.count);
    for (let byte = 0; byte < keyBytes; byte += 1) chunk.keys[place.index * keyBytes + byte] = key[byte] ?? 0;
    chunk.slots[place.index] = slot;
    chunk.count += 1;
    this.#count += 1;
  }

  #grow(chunk: Chunk): void {
    const grown = this.#newChunk(Math.min(chunk.slots.length * 2, CHUNK_PEERS_MAX));
    grown.keys.set(chunk.keys);
    grown.slots.set(chunk.slots);
    chunk.keys = grown.keys;
    chunk.slots = grown.slots;
  }

  #split(chunkIndex: number, chunk: Chunk): Chunk {
    const half = chunk.count >>> 1;
    const upper = this.#newChunk(CHUNK_PEERS_MAX);
    upper.keys.set(chunk.keys.subarray(half * this.keyBytes, chunk.count * this.keyBytes));
    upper.slots.set(chunk.slots.subarray(half, chunk.count));
    upper.count = chunk.count - half;
    chunk.count = half;
    this.#chunks.splice(chunkIndex + 1, 0, upper);
    return upper;
  }

  #cut(chunk: Chunk, index: number): void {
    chunk.keys.copyWithin(index * this.keyBytes, (index + 1) * this.keyBytes, chunk.count * this.keyBytes);
    chunk.slots.copyWithin(index, index + 1, chunk.count);
    chunk.count -= 1;
    this.#count -= 1;
  }

  #dropEmptyChunks(): void {
    this.#chunks = this.#chunks.filter((chunk) => chunk.count > 0);
  }
}

function ageOf(slot: number, nowSlot: number): number {
  return (nowSlot - slot) & (SLOT_MODULUS - 1);
}
