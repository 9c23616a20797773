import { INFOHASH_BYTES } from './announce.ts';

const WORDS = INFOHASH_BYTES / 4;
const SLOTS_MIN = 64;

/**
 * A map from infohashes to values that makes no garbage on look-up: keys are five numbers in one typed array, found by
 * linear probing. The hash is seeded, since strangers may choose infohashes.
 */
export class InfohashTable<T> {
  readonly #seed: number;
  readonly #probe = new Uint32Array(WORDS);
  #words = new Uint32Array(SLOTS_MIN * WORDS);
  #values: (T | undefined)[] = emptySlots(SLOTS_MIN);
  #size = 0;

  /** @param random 0 up to 1, as from Math.random. */
  constructor(random: () => number) {
    this.#seed = Math.floor(random() * 2 ** 32) >>> 0;
  }

  get size(): number {
    return this.#size;
  }

  get(infohash: Uint8Array): T | undefined {
    this.#load(infohash);
    return this.#values[this.#find()];
  }

  set(infohash: Uint8Array, value: T): void {
    if ((this.#size + 1) * 2 > this.#values.length) this.#resize(this.#values.length * 2);
    this.#load(infohash);
    const slot = this.#find();
    if (this.#values[slot] === undefined) this.#size += 1;
    this.#words.set(this.#probe, slot * WORDS);
    this.#values[slot] = value;
  }

  delete(infohash: Uint8Array): boolean {
    this.#load(infohash);
    const slot = this.#find();
    if (this.#values[slot] === undefined) return false;
    this.#closeGap(slot);
    this.#size -= 1;
    if (this.#values.length > SLOTS_MIN && this.#size * 8 < this.#values.length) this.#resize(this.#values.length / 2);
    return true;
  }

  *values(): Generator<T> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #load(infohash: Uint8Array): void {
    if (infohash.length !== INFOHASH_BYTES)
      throw new RangeError(`An infohash is ${INFOHASH_BYTES} bytes, not ${infohash.length}`);
    for (let word = 0; word < WORDS; word += 1) {
      const at = word * 4;
      this.#probe[word] =
        ((infohash[at] ?? 0) << 24) |
        ((infohash[at + 1] ?? 0) << 16) |
        ((infohash[at + 2] ?? 0) << 8) |
        (infohash[at + 3] ?? 0);
    }
  }

  /** The slot of the loaded infohash, or the free one where it belongs. */
  #find(): number {
    const mask = this.#values.length - 1;
    let slot = this.#home(this.#probe, 0) & mask;
    while (this.#values[slot] !== undefined && !this.#isAt(slot)) slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(slot: number): boolean {
    const at = slot * WORDS;
    for (let word = 0; word < WORDS; word += 1) if (this.#words[at + word] !== this.#probe[word]) return false;
    return true;
  }

  #home(words: Uint32Array, at: number): number {
    let hash = this.#seed;
    for (let word = 0; word < WORDS; word += 1) {
      hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x85eb_ca6b);
      hash ^= hash >>> 13;
      hash = Math.imul(hash, 0xc2b2_ae35);
      hash ^= hash >>> 16;
    }
    return hash >>> 0;
  }

  /** Moves later entries of the probe chain back, so that no mark of the deleted one stays. */
  #closeGap(freed: number): void {
    const mask = this.#values.length - 1;
    let gap = freed;
    for (let slot = (gap + 1) & mask; this.#values[slot] !== undefined; slot = (slot + 1) & mask) {
      const home = this.#home(this.#words, slot * WORDS) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#words.copyWithin(gap * WORDS, slot * WORDS, (slot + 1) * WORDS);
      this.#values[gap] = this.#values[slot];
      gap = slot;
    }
    this.#values[gap] = undefined;
  }

  #resize(slots: number): void {
    const words = this.#words;
    const values = this.#values;
    this.#words = new Uint32Array(slots * WORDS);
    this.#values = emptySlots(slots);
    values.forEach((value, from) => {
      if (value === undefined) return;
      this.#probe.set(words.subarray(from * WORDS, (from + 1) * WORDS));
      const slot = this.#find();
      this.#words.set(this.#probe, slot * WORDS);
      this.#values[slot] = value;
    });
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
