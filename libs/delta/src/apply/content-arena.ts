import { memoryOf, operationsIn, STREAM_NAMES, type Operations, type WasmVariable } from './operations.ts';
import { PAGE_BYTES, PAGE_SLOTS, PageCache, type LoadPage } from './page-cache.ts';
import { WINDOW_BYTES } from './stream-window.ts';

/** What is made before it is handed on to be written. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** New content that stays where it was made: most of what is taken from new content was made not long before. */
const RECENT_BYTES: number = 4 * BATCH_BYTES;
/** Pages, while decoders have windows of memory and while none has one. */
const PAGES_BYTES_BY_WINDOWS: number = 20 * 1024 * 1024;
const PAGES_BYTES_ALONE: number = 40 * 1024 * 1024;
/** Behind the last window: copies may read a little more than they need. */
const SPARE_BYTES = 16;

/** Room in memory for the bytes of one stream. */
export interface WindowRoom {
  readonly bytes: Uint8Array;
  readonly begin: number;
  readonly at: WasmVariable;
  readonly end: WasmVariable;
}

/**
 * All content that operations take from and make, in one memory, so that each is a move within it: new bytes where they are made,
 * pages of old content and of new content that was made long before, and the next bytes of the streams.
 */
export class ContentArena {
  readonly bytes: Uint8Array;
  /** Over this memory. */
  readonly operations: Operations;
  /** How much new content there is room for where it is made; it is made at its place modulo this. */
  readonly recentBytes: number;
  /** Old content, then new content that was made long before. */
  readonly pages: PageCache;
  /** Where in the pages' content new content begins: where a page does. */
  readonly newBegin: number;
  readonly #oldBytes: number;
  readonly #windowsAt: number;

  /**
   * @param content.loadFar Is asked only for what was handed on at least two batches before.
   */
  constructor(content: {
    readonly oldBytes: number;
    readonly newBytes: number;
    /** Whether decoding takes memory for as long as content is made. */
    readonly besideWindows: boolean;
    readonly loadOld: LoadPage;
    readonly loadFar: LoadPage;
  }) {
    const { oldBytes, newBytes, besideWindows, loadOld, loadFar } = content;
    this.#oldBytes = oldBytes;
    this.recentBytes = Math.min(RECENT_BYTES, newBytes);
    this.newBegin = pagesOf(oldBytes) * PAGE_BYTES;
    const pageCount = Math.min(
      (besideWindows ? PAGES_BYTES_BY_WINDOWS : PAGES_BYTES_ALONE) / PAGE_BYTES,
      pagesOf(oldBytes) + pagesOf(newBytes - this.recentBytes),
    );
    // The table first, whose numbers begin at multiples of their lengths.
    const pagesBegin = pagesOf(this.recentBytes) * PAGE_BYTES;
    const numbersAt = pagesBegin + pageCount * PAGE_BYTES;
    const placesAt = numbersAt + PAGE_SLOTS * Float64Array.BYTES_PER_ELEMENT;
    const usedAt = placesAt + PAGE_SLOTS * Uint32Array.BYTES_PER_ELEMENT;
    this.#windowsAt = usedAt + pageCount;
    const memory = memoryOf(this.#windowsAt + STREAM_NAMES.length * WINDOW_BYTES + SPARE_BYTES);
    this.bytes = new Uint8Array(memory.buffer);
    this.pages = new PageCache(
      {
        ...{ bytes: this.bytes, begin: pagesBegin },
        table: {
          numbers: new Float64Array(memory.buffer, numbersAt, PAGE_SLOTS),
          places: new Uint32Array(memory.buffer, placesAt, PAGE_SLOTS),
          areUsed: new Uint8Array(memory.buffer, usedAt, pageCount),
        },
      },
      {
        length: this.newBegin + newBytes,
        load: (place, target) =>
          place < oldBytes
            ? loadOld(place, target.subarray(0, oldBytes - place))
            : loadFar(place - this.newBegin, target),
      },
    );
    this.operations = operationsIn(memory);
    this.operations.oldBytes.value = oldBytes;
    this.operations.recentBytes.value = this.recentBytes;
    this.operations.pagedNewBegin.value = this.newBegin;
    this.operations.pagesBegin.value = pagesBegin;
    this.operations.pageNumbersAt.value = numbersAt;
    this.operations.pagePlacesAt.value = placesAt;
    this.operations.pagesUsedAt.value = usedAt;
    this.operations.pageMask.value = PAGE_SLOTS - 1;
  }

  /** Has all old content read, if there is room; nothing may have been taken of it. */
  async loadOld(read: (target: Uint8Array) => Promise<boolean>): Promise<void> {
    const pageCount = pagesOf(this.#oldBytes);
    if (pageCount <= this.pages.room) await this.pages.fill(pageCount, read);
  }

  /**
   * Makes room for a batch, in place of what was made longest ago.
   *
   * @returns Where the batch may end at most; it lies in one piece.
   */
  beginBatch(at: number, endMax: number): number {
    const untilWrap = this.recentBytes - (at % this.recentBytes);
    const end = Math.min(endMax, at + BATCH_BYTES, at + untilWrap);
    this.operations.recentFrom.value = this.#oldBytes + Math.max(0, end - this.recentBytes);
    return end;
  }

  /** Where in `bytes` a place of new content is made. */
  placeOf(at: number): number {
    return at % this.recentBytes;
  }

  /** Room for the bytes of each stream, in their order. */
  windowRooms(): WindowRoom[] {
    return STREAM_NAMES.map((name, index) => ({
      bytes: this.bytes,
      begin: this.#windowsAt + index * WINDOW_BYTES,
      at: this.operations[`${name}At`],
      end: this.operations[`${name}End`],
    }));
  }
}

function pagesOf(lengthBytes: number): number {
  return Math.ceil(lengthBytes / PAGE_BYTES);
}
