/** Reads a run of blobs as one stream. Small blobs are read many at a time, ahead of the reader, and joined into full chunks. */
import type { BlobReader, BlobSpan } from '../storage/blob-reader.ts';
import { CHUNK_BYTES, type Chunk } from '../storage/chunk-pool.ts';

const SMALL_BYTES_MAX = CHUNK_BYTES / 2;
const BATCH_SPANS_MAX = 256;
const BATCHES_AHEAD = 4;

type Batch = readonly [BlobSpan, ...BlobSpan[]];

export async function* readSpans(blobs: BlobReader, spans: Iterable<BlobSpan>): AsyncGenerator<Chunk> {
  const batches = batchesOf(spans);
  const ahead: { first: BlobSpan; joined: Promise<Chunk> | undefined }[] = [];
  try {
    for (;;) {
      while (ahead.length < BATCHES_AHEAD) {
        const next = batches.next();
        if (next.done) break;
        const [first] = next.value;
        const joined = isSmall(first) ? blobs.join(next.value) : undefined;
        // Whoever comes to it sees the error; a reader that stops early does not come.
        joined?.catch(() => undefined);
        ahead.push({ first, joined });
      }
      const head = ahead.shift();
      if (head === undefined) return;
      if (head.joined) yield await head.joined;
      else yield* blobs.read(head.first);
    }
  } finally {
    for (const { joined } of ahead) joined?.then(({ release }) => release()).catch(() => undefined);
  }
}

/** A large span makes a batch alone. */
function* batchesOf(spans: Iterable<BlobSpan>): Generator<Batch> {
  let batch: BlobSpan[] = [];
  let bytes = 0;
  const take = function* (): Generator<Batch> {
    const [first, ...rest] = batch;
    batch = [];
    bytes = 0;
    if (first) yield [first, ...rest];
  };
  for (const span of spans) {
    if (!isSmall(span)) {
      yield* take();
      yield [span];
      continue;
    }
    const length = span.end - span.start;
    if (bytes + length > CHUNK_BYTES || batch.length === BATCH_SPANS_MAX) yield* take();
    batch.push(span);
    bytes += length;
  }
  yield* take();
}

function isSmall({ start, end }: BlobSpan): boolean {
  return end - start <= SMALL_BYTES_MAX;
}
