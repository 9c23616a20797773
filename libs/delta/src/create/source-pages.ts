import type { ByteSource } from '../ports.ts';

const PAGE_BYTES = 64 * 1024;
const PAGES_MAX = 64;

/** Reads a little at a time, mostly near what was read before: keeps the pages that were read last. */
export class SourcePages implements ByteSource {
  readonly length: number;
  readonly #source: ByteSource;
  /** The first is the one that was read before the others. */
  readonly #pages = new Map<number, Uint8Array>();

  constructor(source: ByteSource) {
    this.length = source.length;
    this.#source = source;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const page = Math.floor(offset / PAGE_BYTES);
    const begin = page * PAGE_BYTES;
    if (offset + length > begin + PAGE_BYTES) return this.#source.read(offset, length);
    const bytes = this.#pages.get(page) ?? (await this.#load(page));
    return bytes.subarray(offset - begin, offset - begin + length);
  }

  async #load(page: number): Promise<Uint8Array> {
    const begin = page * PAGE_BYTES;
    const bytes = await this.#source.read(begin, Math.min(PAGE_BYTES, this.length - begin));
    const [oldest] = this.#pages.keys();
    if (oldest !== undefined && this.#pages.size >= PAGES_MAX) this.#pages.delete(oldest);
    this.#pages.set(page, bytes);
    return bytes;
  }
}
