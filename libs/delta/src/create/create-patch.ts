import { encodeSegment } from '../coding/index.ts';
import { encodeListing } from '../format/encode-listing.ts';
import { checkOf, encodeHead, encodeTail } from '../format/frame.ts';
import { groupEnds, SHAPE_DIGEST_BYTES, type Chunk, type Listing, type Segment } from '../format/listing.ts';
import { CHUNK_BYTES_MAX } from '../limits.ts';
import { matchContent } from '../matching/index.ts';
import type { Compressor } from '../ports.ts';
import { contentDigest, shapeDigest, sortTree, type PatchFile } from '../tree.ts';
import { AddressSpace } from './address-space.ts';
import { compressChunk } from './compress-chunk.ts';
import { chooseViews } from './choose-views.ts';
import { compareTrees, contentKey } from './compare-trees.ts';
import { cutSegments } from './cut-segments.ts';
import { type DefeatedFile, findDefeatedFiles } from './defeated-files.ts';
import { costsOf, type FileCost } from './file-costs.ts';
import { narrowSources } from './narrow-sources.ts';
import { SourcePages } from './source-pages.ts';

export interface CreatePatchOptions {
  /** The whole old release; sources are read more than once, at random places. */
  readonly old: readonly PatchFile[];
  readonly new: readonly PatchFile[];
  /** 1 to 9: time for size. */
  readonly effort: number;
  /** For matching, besides what compression takes. */
  readonly memoryBytesMax: number;
  readonly compressor: Compressor;
  /** Takes the patch in pieces, in order. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly onProgress?: ((progress: CreateProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreateProgress {
  readonly phase: 'match' | 'compress' | 'check';
  /** Bytes of new content. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface CreatedPatch {
  readonly bytes: number;
  /** Lengths of all files of the trees. */
  readonly oldTreeBytes: number;
  readonly newTreeBytes: number;
  /** What applying it reads at most, and writes. */
  readonly sourceBytes: number;
  readonly writtenBytes: number;
  /** For each written file, how many of its bytes nothing was found for. */
  readonly costs: readonly FileCost[];
  /** Files whose build defeats patching, the dearest first. */
  readonly defeated: readonly DefeatedFile[];
}

/**
 * Makes a patch from one tree to another. The same input gives the same bytes.
 *
 * @throws {DeltaError} `bad_tree`, `file_changed`
 */
export async function createPatch(options: CreatePatchOptions): Promise<CreatedPatch> {
  const { signal, compressor, effort } = options;
  const old = sortTree(options.old);
  const fresh = sortTree(options.new);
  const { removed, entries, written } = compareTrees(old, fresh);
  const writtenBytes = bytesOf(written);
  const oldIndexes = distinctContents(old);
  const views = await chooseViews(
    oldIndexes.flatMap((index) => old[index] ?? []),
    written,
  );
  const oldSpace = new AddressSpace(views.map((view) => view.file));
  const newSpace = new AddressSpace(written);
  const ops = await matchContent({
    ...{ old: oldSpace, new: newSpace, effort, memoryBytesMax: options.memoryBytesMax, signal },
    onProgress: (doneBytes) => options.onProgress?.({ phase: 'match', doneBytes, totalBytes: writtenBytes }),
  });
  signal?.throwIfAborted();
  const used = narrowSources(ops, oldSpace);
  const sources = used.flatMap((place) => oldIndexes[place] ?? []);
  const usedViews = used.flatMap((place) => views[place] ?? []);
  const sourceSpace = new AddressSpace(usedViews.map((view) => view.file));
  const oldPages = new SourcePages(sourceSpace);
  const newPages = new SourcePages(newSpace);
  const output = new PatchOutput(options.write);
  await output.write(encodeHead());
  const segments: Segment[] = [];
  let start = sourceSpace.length;
  for (const { ops: segmentOps, newBytes } of cutSegments(ops, start)) {
    signal?.throwIfAborted();
    const streams = await encodeSegment(segmentOps.toOps(), {
      start,
      oldBytes: sourceSpace.length,
      fresh: await newSpace.read(start - sourceSpace.length, newBytes),
      readSource: (source, length) =>
        source < sourceSpace.length
          ? oldPages.read(source, length)
          : newPages.read(source - sourceSpace.length, length),
    });
    segments.push({ newBytes, streams: await writeStreams(streams, { compressor, effort, output }) });
    start += newBytes;
    options.onProgress?.({ phase: 'compress', doneBytes: start - sourceSpace.length, totalBytes: writtenBytes });
  }
  if (start - sourceSpace.length !== writtenBytes) {
    throw new Error(`make a patch: operations make ${start - sourceSpace.length} bytes of ${writtenBytes}`);
  }
  const listing: Listing = {
    oldFileCount: old.length,
    oldTreeBytes: bytesOf(old),
    newFileCount: fresh.length,
    newTreeBytes: bytesOf(fresh),
    oldShape: shapeDigest(old).subarray(0, SHAPE_DIGEST_BYTES),
    newContent: contentDigest(fresh, (file) => file.piecesRoot),
    removed,
    sources,
    oldBytes: sourceSpace.length,
    views: usedViews.flatMap(({ file, ends }, place) => (ends ? [{ place, ends, lengthBytes: file.lengthBytes }] : [])),
    entries,
    checks: groupChecks(written),
    segments,
  };
  await writeListing(listing, { compressor, output });
  const costs = costsOf(written, ops.toOps());
  return {
    bytes: output.bytes,
    oldTreeBytes: listing.oldTreeBytes,
    newTreeBytes: listing.newTreeBytes,
    sourceBytes: sourceSpace.length,
    writtenBytes,
    costs,
    defeated: await findDefeatedFiles(old, fresh, written, costs),
  };
}

class PatchOutput {
  bytes = 0;
  readonly #write: (bytes: Uint8Array) => Promise<void>;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    if (bytes.length > 0) await this.#write(bytes);
  }
}

interface StreamOutput {
  readonly compressor: Compressor;
  readonly effort: number;
  readonly output: PatchOutput;
}

async function writeStreams(
  streams: readonly Uint8Array[],
  { compressor, effort, output }: StreamOutput,
): Promise<Chunk[][]> {
  const compressed = await Promise.all(
    streams.map((stream) =>
      Promise.all(cutChunks(stream).map(async (raw) => ({ raw, ...(await compressChunk(raw, compressor, effort)) }))),
    ),
  );
  const placed: Chunk[][] = [];
  for (const chunks of compressed) {
    const listed: Chunk[] = [];
    for (const { raw, method, bytes } of chunks) {
      await output.write(bytes);
      listed.push({ method, rawBytes: raw.length, storedBytes: bytes.length, check: checkOf(bytes) });
    }
    placed.push(listed);
  }
  return placed;
}

function cutChunks(stream: Uint8Array): Uint8Array[] {
  const count = Math.ceil(stream.length / CHUNK_BYTES_MAX);
  return Array.from({ length: count }, (_, index) =>
    stream.subarray(index * CHUNK_BYTES_MAX, (index + 1) * CHUNK_BYTES_MAX),
  );
}

async function writeListing(
  listing: Listing,
  { compressor, output }: Pick<StreamOutput, 'compressor' | 'output'>,
): Promise<void> {
  const raw = encodeListing(listing);
  const { method, bytes } = await compressor.compress(raw, 9);
  await output.write(bytes);
  await output.write(encodeTail(bytes, method, raw.length));
}

/** The first of each content of the old tree: indexes, rising. */
function distinctContents(old: readonly PatchFile[]): number[] {
  const seen = new Set<string>();
  return old.flatMap((file, index) => {
    const key = contentKey(file);
    if (key === undefined || seen.has(key)) return [];
    seen.add(key);
    return [index];
  });
}

function groupChecks(written: readonly PatchFile[]): Uint8Array {
  let begin = 0;
  const checks = groupEnds(written.map((file) => file.lengthBytes)).map((end) => {
    const roots = written.slice(begin, end).flatMap((file) => (file.lengthBytes > 0 ? (file.piecesRoot ?? []) : []));
    begin = end;
    return checkOf(...roots);
  });
  return new Uint8Array(checks.flatMap((check) => [...check]));
}

function bytesOf(files: readonly PatchFile[]): number {
  return files.reduce((sum, file) => sum + file.lengthBytes, 0);
}
