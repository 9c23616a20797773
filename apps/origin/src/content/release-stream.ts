/** Reads a run of blobs as one stream. Small blobs are read many at a time, ahead of the reader, and joined into large chunks. */
import type { BlobStore } from '@swarmpatch/storage';
import type { StreamSegment } from './release-index.ts';

const SMALL_BYTES_MAX = 256 * 1024;
const BATCH_BYTES_MAX = 1024 * 1024;
const BATCH_SEGMENTS_MAX = 256;
const BATCHES_AHEAD = 3;
const READS_AT_ONCE = 16;

type Batch = readonly [StreamSegment, ...StreamSegment[]];

export async function* readSegments(blobs: BlobStore, segments: Iterable<StreamSegment>): AsyncGenerator<Uint8Array> {
  const batches = batchesOf(segments);
  const ahead: { batch: Batch; bytes: Promise<Uint8Array> | undefined }[] = [];
  for (;;) {
    while (ahead.length < BATCHES_AHEAD) {
      const next = batches.next();
      if (next.done) break;
      ahead.push({ batch: next.value, bytes: isSmall(next.value[0]) ? readBatch(blobs, next.value) : undefined });
    }
    const head = ahead.shift();
    if (head === undefined) return;
    if (head.bytes) yield await head.bytes;
    else yield* blobs.openRead(head.batch[0].piecesRoot, head.batch[0]);
  }
}

/** A large segment makes a batch alone. */
function* batchesOf(segments: Iterable<StreamSegment>): Generator<Batch> {
  let batch: StreamSegment[] = [];
  let bytes = 0;
  const take = function* (): Generator<Batch> {
    const [first, ...rest] = batch;
    batch = [];
    bytes = 0;
    if (first) yield [first, ...rest];
  };
  for (const segment of segments) {
    if (!isSmall(segment)) {
      yield* take();
      yield [segment];
      continue;
    }
    const length = segment.end - segment.start;
    if (bytes + length > BATCH_BYTES_MAX || batch.length === BATCH_SEGMENTS_MAX) yield* take();
    batch.push(segment);
    bytes += length;
  }
  yield* take();
}

function isSmall({ start, end }: StreamSegment): boolean {
  return end - start <= SMALL_BYTES_MAX;
}

function readBatch(blobs: BlobStore, batch: Batch): Promise<Uint8Array> {
  const offsets: number[] = [];
  let lengthBytes = 0;
  for (const { start, end } of batch) {
    offsets.push(lengthBytes);
    lengthBytes += end - start;
  }
  const joined = Buffer.allocUnsafe(lengthBytes);
  let next = 0;
  const read = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      const segment = batch[index];
      let at = offsets[index];
      if (segment === undefined || at === undefined) return;
      for await (const chunk of blobs.openRead(segment.piecesRoot, segment)) {
        joined.set(chunk, at);
        at += chunk.byteLength;
      }
    }
  };
  const whole = Promise.all(Array.from({ length: READS_AT_ONCE }, read)).then(() => joined);
  // Whoever reads ahead may never come to it; whoever comes to it sees the error.
  whole.catch(() => undefined);
  return whole;
}
