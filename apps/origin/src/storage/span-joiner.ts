import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StorageError } from '@swarmpatch/storage';

/** Part of one file. */
export interface FilePart {
  path: string;
  start: number;
  /** Not included. */
  end: number;
}

export interface JoinRequest {
  id: number;
  /** Over shared memory. */
  memory: Uint8Array;
  parts: readonly FilePart[];
}

export interface JoinAnswer {
  id: number;
  failure?: string;
}

const WORKER_URL = new URL(`./join-worker${extname(import.meta.url)}`, import.meta.url);
const WORKERS = 2;

/** Reads parts of many files one after the other into shared memory, in threads that are started when first needed. */
export class SpanJoiner {
  readonly #workers: (JoinThread | undefined)[] = [];
  #turn = 0;

  /** @throws {StorageError} `storage_failed` */
  join(memory: Uint8Array, parts: readonly FilePart[]): Promise<void> {
    this.#turn = (this.#turn + 1) % WORKERS;
    const index = this.#turn;
    const thread = (this.#workers[index] ??= new JoinThread(() => {
      this.#workers[index] = undefined;
    }));
    return thread.join(memory, parts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.flatMap((thread) => thread?.close() ?? []));
  }
}

class JoinThread {
  readonly #worker = new Worker(WORKER_URL);
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor(onEnd: () => void) {
    this.#worker.unref();
    this.#worker.on('message', ({ id, failure }: JoinAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) waiting?.resolve();
      else waiting?.reject(new StorageError('storage_failed', `read blobs: ${failure}`));
    });
    this.#worker.on('error', (cause) => this.#fail(String(cause)));
    this.#worker.on('exit', () => {
      onEnd();
      this.#fail('the reading thread ended');
    });
  }

  join(memory: Uint8Array, parts: readonly FilePart[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve, reject });
      this.#worker.postMessage({ id: this.#lastId, memory, parts } satisfies JoinRequest);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values())
      reject(new StorageError('storage_failed', `read blobs: ${reason}`));
    this.#waiting.clear();
  }
}
