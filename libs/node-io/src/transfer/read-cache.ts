/** Read bytes of all torrents together that are kept to be served once more. */
export const READ_CACHE_BYTES_MAX: number = 32 * 1024 * 1024;

interface Entry {
  readonly owner: object;
  readonly key: number;
  readonly data: Uint8Array;
}

/** A bounded memory of what was read last, shared by torrents: each is an owner with keys of its own. */
export class ReadCache {
  readonly #bytesMax: number;
  readonly #byOwner = new Map<object, Map<number, Entry>>();
  /** The least recently used first. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  constructor(bytesMax: number = READ_CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get(owner: object, key: number): Uint8Array | undefined {
    const entry = this.#byOwner.get(owner)?.get(key);
    if (!entry) return undefined;
    this.#entries.delete(entry);
    this.#entries.add(entry);
    return entry.data;
  }

  /** The newest entry is kept, however long it is. */
  put(owner: object, key: number, data: Uint8Array): void {
    this.#drop(this.#byOwner.get(owner)?.get(key));
    for (const oldest of this.#entries) {
      if (this.#bytes + data.length <= this.#bytesMax) break;
      this.#drop(oldest);
    }
    const entry = { owner, key, data };
    const entries = this.#byOwner.get(owner) ?? new Map<number, Entry>();
    this.#byOwner.set(owner, entries.set(key, entry));
    this.#entries.add(entry);
    this.#bytes += data.length;
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
  }
}
