import { DeltaError } from '../delta-error.ts';
import { keepsWindow, readChunks } from '../format/chunk-stream.ts';
import type { Patch, PlacedSegment } from '../format/open-patch.ts';
import { StreamCursor } from '../format/stream-cursor.ts';
import type { PatchTrees } from '../new-tree.ts';
import { ContentArena } from './content-arena.ts';
import { Faults } from './faults.ts';
import { FileWriter } from './file-writer.ts';
import { PAGE_BYTES } from './page-cache.ts';
import { PlacedFiles } from './placed-files.ts';
import type { ApplyOptions, ApplyPorts, FailedFile } from './ports.ts';
import { SegmentMaker } from './segment-maker.ts';
import { placedSources, SourceReader } from './source-reader.ts';

/** While a batch is made, the one before it is being written. */
const BATCHES_WRITING = 1;
/** Old content is read ahead for so many operations to a page of it: one after another, nearly all pages would be read. */
const OPERATIONS_PER_PAGE_MIN = 16;
/** From more files, opening them takes longer than reading pages as they are needed. */
const FILES_AHEAD_MAX = 64;

/**
 * Makes the written files of a patch. A file that cannot be made fails alone, with those made of it; the others come out.
 *
 * @param trees As `resolveTrees` gives them for the same patch.
 * @returns The files that failed, in their order; `finish` of the ports hears of all.
 * @throws What `write` and `finish` of the ports throw, and the signal's reason. Nothing is being written then.
 */
export async function applyPatch(
  patch: Patch,
  trees: PatchTrees,
  ports: ApplyPorts,
  options: ApplyOptions = {},
): Promise<readonly FailedFile[]> {
  return new Applier(patch, trees, ports, options).run();
}

class Applier {
  readonly #patch: Patch;
  readonly #options: ApplyOptions;
  readonly #oldBytes: number;
  readonly #faults: Faults;
  readonly #sources: SourceReader;
  readonly #writer: FileWriter;
  readonly #arena: ContentArena;
  #readingAhead: Promise<void> | undefined;

  constructor(patch: Patch, trees: PatchTrees, ports: ApplyPorts, options: ApplyOptions) {
    const old = new PlacedFiles(placedSources(trees.sources));
    const fresh = new PlacedFiles(trees.written);
    this.#patch = patch;
    this.#options = options;
    this.#oldBytes = old.length;
    this.#faults = new Faults(old, fresh);
    this.#sources = new SourceReader(old, fresh, ports, this.#faults);
    this.#arena = new ContentArena({
      ...{ oldBytes: old.length, newBytes: fresh.length },
      besideWindows: patch.segments.some(({ streams }) => streams.some((chunks) => chunks.some(keepsWindow))),
      loadOld: (place, target) => this.#sources.loadOld(place, target),
      loadFar: (place, target) => this.#sources.loadNew(place, target),
    });
    this.#writer = new FileWriter({
      ...{ fresh, faults: this.#faults, sources: this.#sources, ports },
      ...{ checks: patch.listing.checks, expectedRoots: options.expectedRoots },
    });
  }

  async run(): Promise<readonly FailedFile[]> {
    try {
      await this.#writer.finishEnded(0);
      if (this.#wantsAllOld()) this.#readingAhead = this.#arena.loadOld((target) => this.#sources.loadAllAhead(target));
      for (const segment of this.#patch.segments) await this.#applySegment(segment);
      await this.#writer.settle(0);
      return this.#writer.failed;
    } finally {
      await this.#readingAhead;
      await this.#writer.quiet();
    }
  }

  #wantsAllOld(): boolean {
    const { listing, segments } = this.#patch;
    const operations = segments
      .flatMap(({ streams: [codes] }) => codes ?? [])
      .reduce((sum, chunk) => sum + chunk.rawBytes, 0);
    return (
      listing.sources.length <= FILES_AHEAD_MAX && operations >= (this.#oldBytes / PAGE_BYTES) * OPERATIONS_PER_PAGE_MIN
    );
  }

  async #applySegment(segment: PlacedSegment): Promise<void> {
    const { source, decompressor } = this.#patch;
    const begin = this.#writer.at;
    const end = begin + segment.newBytes;
    const streams = segment.streams.map((chunks) => new StreamCursor(readChunks(source, chunks, decompressor)));
    try {
      const maker = new SegmentMaker({
        ...{ streams, arena: this.#arena, sources: this.#sources, faults: this.#faults },
        ...{ oldBytes: this.#oldBytes, begin, end },
      });
      // Decoded side by side: one after another they would be waited for when each is first asked.
      await Promise.all([...streams.map((stream) => stream.fill()), this.#readingAhead]);
      await this.#make(maker, end);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      this.#faults.failRange(this.#writer.at, end, { code: 'patch_damaged', message: error.message });
      this.#writer.skip(end);
    } finally {
      for (const stream of streams) await stream.close();
    }
  }

  async #make(maker: SegmentMaker, segmentEnd: number): Promise<void> {
    const { onProgress, signal } = this.#options;
    while (this.#writer.at < segmentEnd) {
      signal?.throwIfAborted();
      await this.#writer.settle(BATCHES_WRITING);
      const end = this.#arena.beginBatch(this.#writer.at, segmentEnd);
      try {
        while (!maker.makeUpTo(end)) await maker.wait();
      } finally {
        // Also what was made before an operation that cannot be read.
        this.#put(maker.at);
      }
      onProgress?.({ doneBytes: this.#writer.at, totalBytes: this.#patch.writtenBytes });
    }
  }

  #put(end: number): void {
    const { at } = this.#writer;
    const place = this.#arena.placeOf(at);
    if (end > at) this.#writer.put(this.#arena.bytes.subarray(place, place + end - at));
  }
}
