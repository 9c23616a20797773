import { PAGE_BYTES, PageCache, type LoadPage } from './page-cache.ts';

/** What is made before it is handed on to be written. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** New content that stays where it was made: most of what is taken from new content was made not long before. */
const RECENT_BYTES: number = 4 * BATCH_BYTES;
const OLD_PAGE_COUNT = 256;
const FAR_PAGE_COUNT = 64;

/**
 * All content that operations take from and make, in one buffer, so that each is a move within it: new bytes where they are made,
 * pages of old content, and pages of new content that was made long before.
 */
export class ContentArena {
  readonly bytes: Uint8Array;
  readonly #recentBytes: number;
  readonly #old: PageCache;
  readonly #far: PageCache;
  /** New content from here on is where it was made. */
  #recentFrom = 0;

  /**
   * @param content.loadFar Is asked only for what was handed on at least two batches before.
   */
  constructor(content: {
    readonly oldBytes: number;
    readonly newBytes: number;
    readonly loadOld: LoadPage;
    readonly loadFar: LoadPage;
  }) {
    const { oldBytes, newBytes } = content;
    const oldPageCount = Math.min(OLD_PAGE_COUNT, pagesOf(oldBytes));
    const farPageCount = Math.min(FAR_PAGE_COUNT, pagesOf(Math.max(0, newBytes - RECENT_BYTES)));
    this.#recentBytes = Math.min(RECENT_BYTES, newBytes);
    this.bytes = new Uint8Array(this.#recentBytes + (oldPageCount + farPageCount) * PAGE_BYTES);
    this.#old = new PageCache(
      { bytes: this.bytes, begin: this.#recentBytes, pageCount: oldPageCount },
      { length: oldBytes, load: content.loadOld },
    );
    this.#far = new PageCache(
      { bytes: this.bytes, begin: this.#recentBytes + oldPageCount * PAGE_BYTES, pageCount: farPageCount },
      { length: newBytes, load: content.loadFar },
    );
  }

  /**
   * Makes room for a batch, in place of what was made longest ago.
   *
   * @returns Where the batch may end at most; it lies in one piece.
   */
  beginBatch(at: number, endMax: number): number {
    const untilWrap = this.#recentBytes - (at % this.#recentBytes);
    const end = Math.min(endMax, at + BATCH_BYTES, at + untilWrap);
    this.#recentFrom = Math.max(0, end - this.#recentBytes);
    return end;
  }

  /** Where in `bytes` a place of new content is made. */
  placeOf(at: number): number {
    return at % this.#recentBytes;
  }

  /** How much from a place of new content on lies in one piece. */
  recentRun(at: number): number {
    return this.#recentBytes - (at % this.#recentBytes);
  }

  isRecent(at: number): boolean {
    return at >= this.#recentFrom;
  }

  get old(): PageCache {
    return this.#old;
  }

  get far(): PageCache {
    return this.#far;
  }
}

function pagesOf(lengthBytes: number): number {
  return Math.ceil(lengthBytes / PAGE_BYTES);
}
