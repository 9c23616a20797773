/** Read bytes of all torrents together that are kept to be served once more. */
export const READ_CACHE_BYTES_MAX: number = 32 * 1024 * 1024;
/** Memory of what was dropped, kept for what is read next: collecting it would cost more than reading. */
const SPARE_BYTES_MAX = 8 * 1024 * 1024;

interface Entry {
  readonly owner: object;
  readonly key: number;
  readonly data: Uint8Array;
  /** Who is still to read it. */
  holders: number;
  isDropped: boolean;
}

/**
 * A bounded memory of what was read last, shared by torrents: each is an owner with keys of its own. What is held is not
 * written over, and what is never released is left to the garbage collector.
 */
export class ReadCache {
  readonly #bytesMax: number;
  readonly #byOwner = new Map<object, Map<number, Entry>>();
  readonly #byMemory = new WeakMap<ArrayBufferLike, Entry>();
  /** The least recently used first. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  #spare: Uint8Array[] = [];
  #spareBytes = 0;

  constructor(bytesMax: number = READ_CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Memory of its own, with anything in it. */
  allocate(lengthBytes: number): Uint8Array {
    const at = this.#spare.findIndex(({ length }) => length === lengthBytes);
    const [spare] = at < 0 ? [] : this.#spare.splice(at, 1);
    if (!spare) return Buffer.allocUnsafeSlow(lengthBytes);
    this.#spareBytes -= lengthBytes;
    return spare;
  }

  get(owner: object, key: number): Uint8Array | undefined {
    const entry = this.#byOwner.get(owner)?.get(key);
    if (!entry) return undefined;
    this.#entries.delete(entry);
    this.#entries.add(entry);
    return entry.data;
  }

  /**
   * The newest entry is kept, however long it is.
   *
   * @param data Of `allocate`, whole; the cache's from now on.
   */
  put(owner: object, key: number, data: Uint8Array): void {
    this.#drop(this.#byOwner.get(owner)?.get(key));
    for (const oldest of this.#entries) {
      if (this.#bytes + data.length <= this.#bytesMax) break;
      this.#drop(oldest);
    }
    const entry: Entry = { owner, key, data, holders: 0, isDropped: false };
    const entries = this.#byOwner.get(owner) ?? new Map<number, Entry>();
    this.#byOwner.set(owner, entries.set(key, entry));
    this.#byMemory.set(data.buffer, entry);
    this.#entries.add(entry);
    this.#bytes += data.length;
  }

  /** The memory under these bytes is needed until `release`. */
  hold(bytes: Uint8Array): void {
    const entry = this.#byMemory.get(bytes.buffer);
    if (entry) entry.holders += 1;
  }

  release(bytes: Uint8Array): void {
    const entry = this.#byMemory.get(bytes.buffer);
    if (!entry) return;
    entry.holders -= 1;
    this.#reuse(entry);
  }

  /** Forgets what it kept for this owner. */
  clear(owner: object): void {
    for (const entry of this.#byOwner.get(owner)?.values() ?? []) this.#drop(entry);
    this.#byOwner.delete(owner);
  }

  #drop(entry: Entry | undefined): void {
    if (!entry || !this.#entries.delete(entry)) return;
    this.#byOwner.get(entry.owner)?.delete(entry.key);
    this.#bytes -= entry.data.length;
    entry.isDropped = true;
    this.#reuse(entry);
  }

  #reuse({ data, holders, isDropped }: Entry): void {
    if (!isDropped || holders > 0 || this.#spareBytes + data.length > SPARE_BYTES_MAX) return;
    this.#byMemory.delete(data.buffer);
    this.#spare.push(data);
    this.#spareBytes += data.length;
  }
}
