import { Buffer } from 'node:buffer';

import { SegmentDecoder } from '../coding/index.ts';
import { DeltaError } from '../delta-error.ts';
import { readChunks } from '../format/chunk-stream.ts';
import type { Patch, PlacedSegment } from '../format/open-patch.ts';
import { StreamCursor } from '../format/stream-cursor.ts';
import type { PatchTrees } from '../new-tree.ts';
import { Faults } from './faults.ts';
import { FileWriter } from './file-writer.ts';
import { OpBatch, BATCH_BYTES } from './op-batch.ts';
import { PAGE_BYTES, PageCache } from './page-cache.ts';
import { PlacedFiles } from './placed-files.ts';
import type { ApplyOptions, ApplyPorts, FileResult } from './ports.ts';
import { placedSource, SourceReader } from './source-reader.ts';

/** Below this, a loop is faster than a call to copy. */
const BYTES_PER_COPY_CALL = 24;

/**
 * Makes the written files of a patch. A file that cannot be made fails alone, with those made of it; the others come out.
 *
 * @param trees As `resolveTrees` gives them for the same patch.
 * @returns What became of each written file, in their order.
 * @throws What `write` and `finish` of the ports throw, and the signal's reason.
 */
export async function applyPatch(
  patch: Patch,
  trees: PatchTrees,
  ports: ApplyPorts,
  options: ApplyOptions = {},
): Promise<readonly FileResult[]> {
  return new Applier(patch, trees, ports, options).run();
}

class Applier {
  readonly #patch: Patch;
  readonly #options: ApplyOptions;
  readonly #oldBytes: number;
  readonly #faults: Faults;
  readonly #writer: FileWriter;
  readonly #pages: PageCache;
  readonly #batch: OpBatch = new OpBatch();
  readonly #made: Buffer;

  constructor(patch: Patch, trees: PatchTrees, ports: ApplyPorts, options: ApplyOptions) {
    const old = new PlacedFiles(trees.sources.map(placedSource));
    const fresh = new PlacedFiles(trees.written);
    this.#patch = patch;
    this.#options = options;
    this.#oldBytes = old.length;
    this.#faults = new Faults(old, fresh);
    const sources = new SourceReader(old, fresh, ports, this.#faults);
    this.#made = Buffer.allocUnsafeSlow(Math.min(BATCH_BYTES, fresh.length));
    this.#pages = new PageCache(old.length + fresh.length, (address, target) => sources.load(address, target));
    this.#writer = new FileWriter({
      ...{ fresh, faults: this.#faults, sources, ports },
      ...{ checks: patch.listing.checks, expectedRoots: options.expectedRoots },
    });
  }

  async run(): Promise<readonly FileResult[]> {
    await this.#writer.finishEnded();
    for (const segment of this.#patch.segments) await this.#applySegment(segment);
    return this.#writer.results;
  }

  async #applySegment(segment: PlacedSegment): Promise<void> {
    const { source, decompressor } = this.#patch;
    const end = this.#writer.at + segment.newBytes;
    const streams = segment.streams.map((chunks) => new StreamCursor(readChunks(source, chunks, decompressor)));
    try {
      const start = this.#oldBytes + this.#writer.at;
      await this.#applyOps(new SegmentDecoder(streams, { start, oldBytes: this.#oldBytes }), end);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      this.#faults.failRange(this.#writer.at, end, { code: 'patch_damaged', message: error.message });
      await this.#writer.skip(end);
    } finally {
      for (const stream of streams) await stream.close();
    }
  }

  async #applyOps(decoder: SegmentDecoder, end: number): Promise<void> {
    const { onProgress, signal } = this.#options;
    const batch = this.#batch;
    batch.reset();
    while (this.#writer.at < end) {
      signal?.throwIfAborted();
      const address = this.#oldBytes + this.#writer.at;
      this.#pages.begin(address);
      await batch.collect(decoder, this.#pages, { address, bytesMax: end - this.#writer.at, oldBytes: this.#oldBytes });
      await this.#pages.load();
      await this.#make(decoder, address);
      await this.#writer.write(this.#made.subarray(0, batch.bytes));
      onProgress?.({ doneBytes: this.#writer.at, totalBytes: this.#patch.writtenBytes });
    }
  }

  /** Carries out a batch; waits only where a stream runs dry. */
  async #make(decoder: SegmentDecoder, address: number): Promise<void> {
    const batch = this.#batch;
    let at = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const kind = batch.kindAt(index);
      const length = batch.lengthAt(index);
      if (kind === 'literal') {
        await this.#literal(decoder, at, length);
      } else {
        const source = batch.sourceAt(index);
        const failure = this.#faults.ofSource(source, length);
        if (failure) this.#failMade(at, length, failure);
        this.#copy(source, address, at, length);
        if (kind === 'add') await this.#add(decoder, at, length);
      }
      at += length;
    }
  }

  #copy(sourceAddress: number, address: number, begin: number, length: number): void {
    const made = this.#made;
    let source = sourceAddress;
    let at = begin;
    let left = length;
    while (left > 0) {
      if (source >= address) {
        copyWithin(made, at, source - address, left);
        return;
      }
      const count = Math.min(left, PAGE_BYTES - (source % PAGE_BYTES), address - source);
      const place = this.#pages.placeOf(source);
      const pages = this.#pages.bytes;
      if (count < BYTES_PER_COPY_CALL) {
        for (let index = 0; index < count; index += 1) made[at + index] = pages[place + index] ?? 0;
      } else {
        pages.copy(made, at, place, place + count);
      }
      source += count;
      at += count;
      left -= count;
    }
  }

  async #literal(decoder: SegmentDecoder, begin: number, length: number): Promise<void> {
    for (let done = 0; done < length;) {
      const count = decoder.literal(this.#made, begin + done, length - done);
      if (count === 0) await decoder.fill();
      else if (decoder.isLost) this.#failLost(begin + done, count);
      done += count;
    }
  }

  async #add(decoder: SegmentDecoder, begin: number, length: number): Promise<void> {
    for (let done = 0; done < length;) {
      const count = decoder.difference(this.#made, begin + done, length - done);
      if (count === 0) await decoder.fill();
      else if (decoder.isLost) this.#failLost(begin + done, count);
      done += count;
    }
  }

  #failLost(at: number, length: number): void {
    this.#failMade(at, length, { code: 'patch_damaged', message: 'the patch is damaged where its bytes are' });
  }

  #failMade(at: number, length: number, failure: Parameters<Faults['fail']>[1]): void {
    const from = this.#writer.at + at;
    this.#faults.failRange(from, from + length, failure);
  }
}

/** Copies within a buffer from a lower place; what overlaps repeats itself. */
function copyWithin(bytes: Buffer, at: number, from: number, length: number): void {
  if (from + length <= at) {
    bytes.copyWithin(at, from, from + length);
    return;
  }
  for (let done = 0; done < length;) {
    // Each round doubles what repeats.
    const count = Math.min(length - done, at + done - from);
    bytes.copyWithin(at + done, from, from + count);
    done += count;
  }
}
