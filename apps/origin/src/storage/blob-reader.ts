import { open, type FileHandle } from 'node:fs/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type BlobStore, type ByteRange, StorageError } from '@swarmpatch/storage';
import { BLOB_STORE } from './blob-store.ts';
import { CHUNK_BYTES, type Chunk, ChunkPool, ownedChunk } from './chunk-pool.ts';
import { SpanJoiner } from './span-joiner.ts';

/** A store whose blobs are files of this machine. */
interface FileBlobStore extends BlobStore {
  pathOf(root: string): string;
}

/** Part of one blob. */
export interface BlobSpan extends ByteRange {
  piecesRoot: string;
}

/** Reads blobs for sending. Files are read one chunk ahead of the reader, into memory that goes round. */
@Injectable()
export class BlobReader implements OnApplicationShutdown {
  readonly #blobs: BlobStore;
  readonly #pool = new ChunkPool();
  readonly #joiner = new SpanJoiner();

  constructor(@Inject(BLOB_STORE) blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** @throws {StorageError} `blob_not_found`, `blob_damaged`; from the iterator. */
  async *read(span: BlobSpan): AsyncGenerator<Chunk> {
    if (hasFiles(this.#blobs)) yield* this.#readFile(await openBlob(this.#blobs, span.piecesRoot), span);
    else for await (const bytes of this.#blobs.openRead(span.piecesRoot, span)) yield ownedChunk(bytes);
  }

  /**
   * Reads spans one after the other into one chunk; together they are at most `CHUNK_BYTES` long.
   *
   * @throws {StorageError} `blob_not_found`, `storage_failed`
   */
  async join(spans: readonly BlobSpan[]): Promise<Chunk> {
    const memory = this.#pool.take();
    try {
      return this.#pool.lend(memory, await this.#readInto(memory, spans));
    } catch (error) {
      this.#pool.give(memory);
      throw error;
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.#joiner.close();
  }

  async *#readFile(handle: FileHandle, span: BlobSpan): AsyncGenerator<Chunk> {
    const readAt = async (at: number): Promise<Chunk> => {
      const memory = this.#pool.take();
      const lengthBytes = Math.min(CHUNK_BYTES, span.end - at);
      await readFully(handle, memory.subarray(0, lengthBytes), at, span.piecesRoot);
      return this.#pool.lend(memory, lengthBytes);
    };
    let ahead: Promise<Chunk> | undefined;
    try {
      for (let at = span.start; at < span.end;) {
        const chunk: Chunk = await (ahead ?? readAt(at));
        at += chunk.bytes.byteLength;
        ahead = at < span.end ? readAt(at) : undefined;
        // A reader that stops early does not come for it.
        ahead?.catch(() => undefined);
        yield chunk;
      }
    } finally {
      await ahead?.then(({ release }) => release()).catch(() => undefined);
      await handle.close();
    }
  }

  /** @returns How many bytes were read. */
  async #readInto(memory: Buffer, spans: readonly BlobSpan[]): Promise<number> {
    const { length: capacity } = memory;
    const wanted = spans.reduce((sum, { start, end }) => sum + end - start, 0);
    if (wanted > capacity) throw new RangeError(`join blobs: ${wanted} bytes do not fit into ${capacity}`);
    const blobs = this.#blobs;
    if (hasFiles(blobs)) {
      const parts = spans.map(({ piecesRoot, start, end }) => ({ path: blobs.pathOf(piecesRoot), start, end }));
      await this.#joiner.join(memory, parts);
      return wanted;
    }
    let at = 0;
    for (const span of spans) {
      for await (const bytes of blobs.openRead(span.piecesRoot, span)) {
        memory.set(bytes, at);
        at += bytes.byteLength;
      }
    }
    return wanted;
  }
}

function hasFiles(blobs: BlobStore): blobs is FileBlobStore {
  return 'pathOf' in blobs && typeof blobs.pathOf === 'function';
}

async function openBlob(blobs: FileBlobStore, piecesRoot: string): Promise<FileHandle> {
  try {
    return await open(blobs.pathOf(piecesRoot), 'r');
  } catch (cause) {
    throw new StorageError('blob_not_found', `read blob ${piecesRoot}: ${String(cause)}`, { root: piecesRoot, cause });
  }
}

async function readFully(handle: FileHandle, memory: Buffer, position: number, piecesRoot: string): Promise<void> {
  for (let done = 0; done < memory.byteLength;) {
    const { bytesRead } = await handle.read(memory, done, memory.byteLength - done, position + done);
    if (bytesRead === 0) {
      throw new StorageError('blob_damaged', `read blob ${piecesRoot}: its file ended at byte ${position + done}`, {
        root: piecesRoot,
      });
    }
    done += bytesRead;
  }
}
