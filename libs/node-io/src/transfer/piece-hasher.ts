import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { matchesDigest, type PieceDigest } from '@swarmpatch/metainfo';

/** Pieces below this are hashed at once: handing them over would take longer. */
const INLINE_BYTES_MAX = 64 * 1024;
/** Torrents below this are not worth a thread. */
const INLINE_TOTAL_BYTES_MAX = 16 * 1024 * 1024;

export interface HashQuestion {
  readonly id: number;
  readonly digest: PieceDigest;
  /** Over shared memory, so that it is not copied. */
  readonly data: Uint8Array;
}

export interface HashAnswer {
  readonly id: number;
  readonly isGood: boolean;
}

/** Compares pieces with their digests off the engine's thread. The thread starts with the first large piece. */
export class PieceHasher {
  readonly #totalBytes: number;
  readonly #waiting = new Map<
    number,
    { readonly question: HashQuestion; readonly resolve: (isGood: boolean) => void }
  >();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  async matches(digest: PieceDigest, data: Uint8Array): Promise<boolean> {
    const isInline = digest.lengthBytes <= INLINE_BYTES_MAX || this.#totalBytes <= INLINE_TOTAL_BYTES_MAX;
    if (isInline || this.#isClosed) return matchesDigest(digest, data);
    const worker = this.#start();
    const id = (this.#lastId += 1);
    const question: HashQuestion = { id, digest, data };
    return new Promise((resolve) => {
      this.#waiting.set(id, { question, resolve });
      worker.postMessage(question);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url));
    worker.on('message', ({ id, isGood }: HashAnswer) => {
      this.#waiting.get(id)?.resolve(isGood);
      this.#waiting.delete(id);
    });
    // A broken thread says nothing about the pieces: they are checked here.
    worker.on('error', () => {
      this.#worker = undefined;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { question, resolve } of waiting) resolve(matchesDigest(question.digest, question.data));
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }
}
