import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { matchesDigest, type PieceDigest } from '@swarmpatch/metainfo';

/** Pieces below this are hashed at once: handing them over would take longer. */
const INLINE_BYTES_MAX = 64 * 1024;
/** A thread starts when this much has been hashed without one: less is not worth it. */
const INLINE_TOTAL_BYTES_MAX = 16 * 1024 * 1024;
/** With fewer cores the other side or the disk takes the second: a thread for hashes then only costs its messages. */
const THREAD_CORES_MIN = 3;

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

/** Compares pieces with their digests, on machines with enough cores off the engine's thread. */
export class PieceHasher {
  readonly #mayStart: boolean;
  readonly #waiting = new Map<
    number,
    { readonly question: HashQuestion; readonly resolve: (isGood: boolean) => void }
  >();
  #worker: Worker | undefined;
  #lastId = 0;
  #inlineBytes = 0;
  #isClosed = false;

  /** @param cores How many this machine has, unless given. */
  constructor(cores: number = availableParallelism()) {
    this.#mayStart = cores >= THREAD_CORES_MIN;
  }

  /** Memory that can be hashed without a copy. Copying into shared memory is slow: it is used where it has to be. */
  allocate(lengthBytes: number): Uint8Array {
    return this.#mayStart ? new Uint8Array(new SharedArrayBuffer(lengthBytes)) : new Uint8Array(lengthBytes);
  }

  async matches(digest: PieceDigest, data: Uint8Array): Promise<boolean> {
    if (this.#isHashedHere(digest)) {
      this.#inlineBytes += digest.lengthBytes;
      return matchesDigest(digest, data);
    }
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

  #isHashedHere({ lengthBytes }: PieceDigest): boolean {
    if (!this.#mayStart || this.#isClosed || lengthBytes <= INLINE_BYTES_MAX) return true;
    return !this.#worker && this.#inlineBytes < INLINE_TOTAL_BYTES_MAX;
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL(`./piece-hash-worker${extname(import.meta.url)}`, import.meta.url));
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
