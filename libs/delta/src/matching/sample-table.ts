import { hashAt } from './hash.ts';

const SAMPLE_BYTES = 32;
const ENTRY_BYTES = 4;
const SAMPLES_A_PART = 16;

/** Which parts of the address space have which samples: places that their own bytes choose, so that moved content has the same. */
export class SampleTable {
  readonly #partBytes: number;
  /** Number of a part plus one, by hash; the first that came stays. */
  readonly #parts: Int32Array;
  readonly #mask: number;
  readonly #partCount: number;

  /** @param memoryBytes For the table. @param spaceBytes Of all that may be added. */
  constructor(partBytes: number, memoryBytes: number, spaceBytes: number) {
    const slots = 2 ** Math.max(10, Math.floor(Math.log2(memoryBytes / ENTRY_BYTES)));
    this.#partBytes = partBytes;
    this.#parts = new Int32Array(slots);
    this.#partCount = Math.ceil(spaceBytes / partBytes);
    // One place in so many is a sample: as many as the table has room for, and some in every part.
    const every = Math.min(partBytes / SAMPLES_A_PART, Math.max(16, (2 * spaceBytes) / slots));
    this.#mask = 2 ** Math.max(0, Math.floor(Math.log2(every))) - 1;
  }

  /** @param address Of the first byte. */
  add(address: number, bytes: Uint8Array): void {
    this.#sample(bytes, (slot, at) => {
      if (this.#parts[slot] === 0) this.#parts[slot] = Math.floor((address + at) / this.#partBytes) + 1;
    });
  }

  /** @returns Numbers of at most `count` parts that have most samples of these bytes, rising. */
  nearest(bytes: Uint8Array, count: number): number[] {
    const votes = new Uint32Array(this.#partCount);
    this.#sample(bytes, (slot) => {
      const part = (this.#parts[slot] ?? 0) - 1;
      if (part >= 0) votes[part] = (votes[part] ?? 0) + 1;
    });
    const chosen = [...votes.keys()].filter((part) => (votes[part] ?? 0) > 0);
    chosen.sort((a, b) => (votes[b] ?? 0) - (votes[a] ?? 0) || a - b);
    return chosen.slice(0, count).sort((a, b) => a - b);
  }

  #sample(bytes: Uint8Array, take: (slot: number, at: number) => void): void {
    let rolling = 0;
    const slotMask = this.#parts.length - 1;
    for (let at = 0; at + SAMPLE_BYTES <= bytes.length; at += 1) {
      // The last 16 bytes: what is older has been shifted out.
      rolling = (rolling << 2) + Math.imul((bytes[at] ?? 0) + 1, 0x9e3779b1);
      if ((((rolling >>> 8) ^ rolling) & this.#mask) !== 0) continue;
      take(hashAt(bytes, at, SAMPLE_BYTES) & slotMask, at);
    }
  }
}
