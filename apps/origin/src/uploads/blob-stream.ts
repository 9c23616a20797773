/** Reads blobs from the tar stream of a publisher into the store. Every byte is hashed on its way; a cut keeps what has come. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { parseBlobEntryName, type UploadBlobsReply } from '@swarmpatch/api-contract';
import { type BlobStore, type BlobWriter, StorageError } from '@swarmpatch/storage';
import { extract, type Extract } from 'tar-stream';
import { Metrics } from '../operations/metrics.ts';
import { OriginError } from '../origin-error.ts';
import { BLOB_STORE } from '../storage/blob-store.ts';

/** Blobs up to here are collected and stored side by side, so that many small ones do not wait for each other's files. */
const SMALL_BLOB_BYTES_MAX = 128 * 1024;
const SMALL_BLOBS_AT_ONCE = 32;
/** What a tar may spend on an entry's header and padding, and on all that names nothing: long headers are never ours. */
const ENTRY_OVERHEAD_BYTES = 1024;
const OVERHEAD_BYTES_MAX = 1024 * 1024;
const BUSY_RETRIES_MAX = 50;
const BUSY_RETRY_MS = 100;

type Entry = typeof extract extends () => AsyncIterable<infer Item> ? Item : never;

interface BlobEntry {
  piecesRoot: string;
  offset: number;
  lengthBytes: number;
}

@Injectable()
export class BlobStream {
  readonly #blobs: BlobStore;
  readonly #metrics: Metrics;

  constructor(@Inject(BLOB_STORE) blobs: BlobStore, metrics: Metrics) {
    this.#blobs = blobs;
    this.#metrics = metrics;
  }

  /**
   * @param wanted Length of each blob that may come, by pieces root.
   * @throws {OriginError} `bad_upload`
   * @throws {StorageError} `blob_damaged`, `blob_busy`, `storage_full`, …
   */
  async receive(source: Readable, wanted: ReadonlyMap<string, number>): Promise<UploadBlobsReply> {
    const reading = new Reading(this.#blobs, wanted);
    try {
      await reading.run(source);
    } finally {
      this.#metrics.addUploadedBytes(reading.bytes);
      await this.#blobs.flush();
    }
    return { stored: reading.stored, bytes: reading.bytes };
  }
}

class Reading {
  readonly #blobs: BlobStore;
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #tar: Extract = extract();
  readonly #small = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  #entries = 0;
  #received = 0;
  stored = 0;
  bytes = 0;

  constructor(blobs: BlobStore, wanted: ReadonlyMap<string, number>) {
    this.#blobs = blobs;
    this.#wanted = wanted;
  }

  async run(source: Readable): Promise<void> {
    const over = new AbortController();
    const feeding = this.#feed(source, over.signal);
    try {
      for await (const entry of this.#tar) {
        this.#entries += 1;
        await this.#take(entry);
        if (this.#failure) throw this.#failure.error;
      }
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      over.abort();
      await Promise.allSettled([feeding, ...this.#small]);
    }
    if (this.#failure) throw asUploadError(this.#failure.error);
  }

  async #feed(source: Readable, signal: AbortSignal): Promise<void> {
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (signal.aborted) return;
        this.#received += chunk.byteLength;
        const overhead = this.#received - this.bytes - this.#entries * ENTRY_OVERHEAD_BYTES;
        if (overhead > OVERHEAD_BYTES_MAX + chunk.byteLength)
          throw badUpload('headers that are longer than any of ours');
        if (!this.#tar.write(chunk)) await once(this.#tar, 'drain', { signal });
      }
      this.#tar.end(null);
    } catch (error) {
      if (signal.aborted) return;
      this.#tar.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #take(entry: Entry): Promise<void> {
    const blob = this.#identify(entry);
    const rest = blob.lengthBytes - blob.offset;
    if (rest > SMALL_BLOB_BYTES_MAX) return this.#store(blob, this.#counted(entry));
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#counted(entry)) chunks.push(chunk);
    if (this.#small.size >= SMALL_BLOBS_AT_ONCE) await Promise.race(this.#small);
    const storing = this.#store(blob, chunks)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#small.delete(storing));
    this.#small.add(storing);
  }

  /** A blob that another upload has made whole meanwhile is as good. */
  async #store(
    { piecesRoot, lengthBytes, offset }: BlobEntry,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const writer = await this.#begin(piecesRoot, lengthBytes, offset);
    if (!writer) {
      for await (const _ of chunks);
      return;
    }
    try {
      for await (const chunk of chunks) await writer.write(chunk);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await writer.commit();
    this.stored += 1;
  }

  /** @returns Undefined when the blob is whole. Waits a while for a connection that broke off and does not know it yet. */
  async #begin(piecesRoot: string, lengthBytes: number, offset: number): Promise<BlobWriter | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#blobs.beginWrite(piecesRoot, lengthBytes, offset);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (error.code === 'blob_exists') return undefined;
        if (error.code !== 'blob_busy' || attempt > BUSY_RETRIES_MAX) throw error;
        await sleep(BUSY_RETRY_MS);
      }
    }
  }

  async *#counted(entry: Entry): AsyncGenerator<Uint8Array> {
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      this.bytes += chunk.byteLength;
      yield chunk;
    }
  }

  #identify({ header }: Entry): BlobEntry {
    const named = parseBlobEntryName(header.name);
    const { type, size = 0 } = header;
    if (!named || type !== 'file')
      throw badUpload(`a ${type ?? 'nameless'} entry ${JSON.stringify(header.name.slice(0, 80))}`);
    const lengthBytes = this.#wanted.get(named.piecesRoot);
    if (lengthBytes === undefined) throw badUpload(`blob ${named.piecesRoot}, which the manifest does not name`);
    if (named.offset + size !== lengthBytes) {
      throw badUpload(
        `${size} bytes of blob ${named.piecesRoot} from ${named.offset}, where its file has ${lengthBytes}`,
      );
    }
    return { ...named, lengthBytes };
  }
}

function badUpload(found: string): OriginError {
  return new OriginError('bad_upload', `receive blobs: found ${found}; begin the upload again to see what is missing`);
}

/** What tar-stream and the socket throw has no name of its own. */
function asUploadError(error: unknown): unknown {
  if (error instanceof Error && error.name !== 'Error') return error;
  return badUpload(`a stream that broke off or is no tar: ${error instanceof Error ? error.message : String(error)}`);
}
