import { PAGE_BYTES, PageCache, type LoadPage } from './page-cache.ts';

/** What is made before it is handed on to be written. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** New content that stays where it was made: most of what is taken from new content was made not long before. */
const RECENT_BYTES: number = 4 * BATCH_BYTES;
/** Pages, while decoders have windows of memory and while none has one. */
const PAGES_BYTES_BY_WINDOWS: number = 20 * 1024 * 1024;
const PAGES_BYTES_ALONE: number = 40 * 1024 * 1024;
/** Behind the last page: copies may read a little more than they need. */
const SPARE_BYTES = 16;

/**
 * All content that operations take from and make, in one buffer, so that each is a move within it: new bytes where they are made,
 * pages of old content, and pages of new content that was made long before.
 */
export class ContentArena {
  readonly bytes: Uint8Array;
  /** How much new content there is room for where it is made; it is made at its place modulo this. */
  readonly recentBytes: number;
  /** Old content, then new content that was made long before. */
  readonly pages: PageCache;
  /** Where in the pages' content new content begins: where a page does. */
  readonly newBegin: number;
  /** New content from here on is where it was made. */
  #recentFrom = 0;

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
    this.recentBytes = Math.min(RECENT_BYTES, newBytes);
    this.newBegin = pagesOf(oldBytes) * PAGE_BYTES;
    const pageCount = Math.min(
      (besideWindows ? PAGES_BYTES_BY_WINDOWS : PAGES_BYTES_ALONE) / PAGE_BYTES,
      pagesOf(oldBytes) + pagesOf(newBytes - this.recentBytes),
    );
    this.bytes = new Uint8Array(this.recentBytes + pageCount * PAGE_BYTES + SPARE_BYTES);
    this.pages = new PageCache(
      { bytes: this.bytes, begin: this.recentBytes, pageCount },
      {
        length: this.newBegin + newBytes,
        load: (place, target) =>
          place < oldBytes
            ? loadOld(place, target.subarray(0, oldBytes - place))
            : loadFar(place - this.newBegin, target),
      },
    );
  }

  /**
   * Makes room for a batch, in place of what was made longest ago.
   *
   * @returns Where the batch may end at most; it lies in one piece.
   */
  beginBatch(at: number, endMax: number): number {
    const untilWrap = this.recentBytes - (at % this.recentBytes);
    const end = Math.min(endMax, at + BATCH_BYTES, at + untilWrap);
    this.#recentFrom = Math.max(0, end - this.recentBytes);
    return end;
  }

  /** Where in `bytes` a place of new content is made. */
  placeOf(at: number): number {
    return at % this.recentBytes;
  }

  isRecent(at: number): boolean {
    return at >= this.#recentFrom;
  }
}

function pagesOf(lengthBytes: number): number {
  return Math.ceil(lengthBytes / PAGE_BYTES);
}
