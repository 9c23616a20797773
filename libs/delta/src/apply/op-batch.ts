import type { SegmentDecoder } from '../coding/index.ts';
import { DeltaError } from '../delta-error.ts';
import type { PatchOp } from '../matching/index.ts';
import { PAGE_BYTES, type PageCache } from './page-cache.ts';

/** What is made before it is written. */
export const BATCH_BYTES: number = 4 * 1024 * 1024;
const BATCH_OPS = 65_536;
const KINDS: readonly PatchOp['kind'][] = ['literal', 'copy', 'add'];

/** Operations that are carried out together, with all the pages that they read at hand. */
export class OpBatch {
  readonly #kinds: Uint8Array = new Uint8Array(BATCH_OPS);
  readonly #sources: Float64Array = new Float64Array(BATCH_OPS);
  readonly #lengths: Uint32Array = new Uint32Array(BATCH_OPS);
  #count = 0;
  #bytes = 0;
  /** Of the decoder's operation, what did not fit. */
  #left = 0;
  /** Why no operation can be read behind those of the batch. */
  #error: DeltaError | undefined;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  kindAt(index: number): PatchOp['kind'] {
    return KINDS[this.#kinds[index] ?? 0] ?? 'literal';
  }

  sourceAt(index: number): number {
    return this.#sources[index] ?? 0;
  }

  lengthAt(index: number): number {
    return this.#lengths[index] ?? 0;
  }

  /** Forgets what is left of an operation: another segment begins. */
  reset(): void {
    this.#left = 0;
    this.#error = undefined;
  }

  /**
   * Takes operations until the batch is full or makes `bytesMax`.
   *
   * @param place.address Of the first byte that the batch makes.
   * @throws {DeltaError} `bad_patch` for operations that make more than their segment
   */
  async collect(
    decoder: SegmentDecoder,
    pages: PageCache,
    place: { readonly address: number; readonly bytesMax: number; readonly oldBytes: number },
  ): Promise<void> {
    this.#count = 0;
    this.#bytes = 0;
    if (this.#error) throw this.#error;
    try {
      await this.#collect(decoder, pages, place);
    } catch (error) {
      // What can be made before it is made first.
      if (!(error instanceof DeltaError) || this.#count === 0) throw error;
      this.#error = error;
    }
  }

  async #collect(
    decoder: SegmentDecoder,
    pages: PageCache,
    place: { readonly address: number; readonly bytesMax: number; readonly oldBytes: number },
  ): Promise<void> {
    const { address, oldBytes, bytesMax } = place;
    const room = Math.min(bytesMax, BATCH_BYTES);
    while (this.#bytes < room && this.#count < BATCH_OPS) {
      if (this.#left === 0) {
        while (!decoder.next()) await decoder.fill();
        this.#left = decoder.length;
      }
      if (this.#left > bytesMax - this.#bytes) {
        throw new DeltaError('bad_patch', 'read the operations of a segment: they make more than it does');
      }
      const source = decoder.source + decoder.length - this.#left;
      let length = Math.min(this.#left, room - this.#bytes);
      // What adds to its own output is cut where that begins: bytes are whole before more is made of them.
      if (decoder.kind === 'add' && source >= oldBytes) length = Math.min(length, address + this.#bytes - source);
      if (decoder.kind !== 'literal') length = wantPages(pages, source, Math.min(source + length, address), length);
      if (length === 0) return;
      this.#kinds[this.#count] = KINDS.indexOf(decoder.kind);
      this.#sources[this.#count] = source;
      this.#lengths[this.#count] = length;
      this.#count += 1;
      this.#bytes += length;
      this.#left -= length;
    }
  }
}

/** Wants the pages from `source` to `end`. @returns How much of the length can be made with those that there is room for. */
function wantPages(pages: PageCache, source: number, end: number, length: number): number {
  for (let page = Math.floor(source / PAGE_BYTES); page * PAGE_BYTES < end; page += 1) {
    if (!pages.want(page)) return Math.max(0, page * PAGE_BYTES - source);
  }
  return length;
}
