import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { HashJob, HashResult } from './hash-job.ts';

export const HASH_THREADS_MAX = 16;

/** One job runs and one waits, so that a worker never waits for us. */
const JOBS_PER_WORKER = 2;

export interface HashPoolOptions {
  /** Default: one for each core. */
  readonly threads?: number | undefined;
}

interface Run {
  readonly jobs: Iterator<HashJob>;
  readonly onResult: (job: HashJob, result: HashResult) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  pending: number;
  isExhausted: boolean;
}

interface Member {
  readonly worker: Worker;
  /** In the order in which they were sent, which is the order of the answers. */
  readonly sent: { readonly job: HashJob; readonly run: Run }[];
}

/** Threads that read and hash files on their own; only hashes come back. */
export class HashPool {
  readonly #threads: number;
  readonly #members: Member[] = [];
  readonly #runs = new Set<Run>();
  #isClosed = false;

  constructor(options: HashPoolOptions = {}) {
    this.#threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), HASH_THREADS_MAX));
  }

  /**
   * Runs jobs in any order, each on one thread.
   *
   * @param jobs Drawn as threads become free.
   * @param onResult Called once for each job; what it throws ends the run.
   */
  async run(
    jobs: Iterable<HashJob>,
    onResult: (job: HashJob, result: HashResult) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new Error('run hash jobs: the pool is closed');
    await new Promise<void>((resolve, reject) => {
      const run: Run = {
        jobs: jobs[Symbol.iterator](),
        onResult,
        pending: 0,
        isExhausted: false,
        resolve: end(resolve),
        reject: end(reject),
      };
      const abort = (): void => run.reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const runs = this.#runs;
      runs.add(run);
      this.#fill();

      function end<A extends unknown[]>(settle: (...values: A) => void): (...values: A) => void {
        return (...values) => {
          signal?.removeEventListener('abort', abort);
          runs.delete(run);
          settle(...values);
        };
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const run of [...this.#runs]) run.reject(new Error('run hash jobs: the pool was closed'));
    await Promise.all(this.#members.splice(0).map(({ worker }) => worker.terminate()));
  }

  #fill(): void {
    for (const run of [...this.#runs]) {
      for (let member = this.#free(); member && !run.isExhausted; member = this.#free()) {
        const next = run.jobs.next();
        if (next.done) {
          run.isExhausted = true;
        } else {
          run.pending += 1;
          member.sent.push({ job: next.value, run });
          member.worker.ref();
          member.worker.postMessage(next.value);
        }
      }
      if (run.isExhausted && run.pending === 0) run.resolve();
    }
  }

  /** Threads start when there is work that no idle one can take. */
  #free(): Member | undefined {
    const leastBusy = this.#members.reduce<Member | undefined>(
      (best, member) => (best && best.sent.length <= member.sent.length ? best : member),
      undefined,
    );
    if (leastBusy?.sent.length === 0) return leastBusy;
    if (this.#members.length < this.#threads) return this.#start();
    return leastBusy && leastBusy.sent.length < JOBS_PER_WORKER ? leastBusy : undefined;
  }

  #start(): Member {
    // `.ts` under the test runner, `.js` once built.
    const worker = new Worker(new URL(`./hash-worker${extname(import.meta.url)}`, import.meta.url));
    const member: Member = { worker, sent: [] };
    worker.on('message', (result: HashResult) => {
      this.#receive(member, result);
    });
    worker.on('error', (error) => {
      this.#lose(member, error);
    });
    this.#members.push(member);
    return member;
  }

  #receive(member: Member, result: HashResult): void {
    const done = member.sent.shift();
    if (!done) return;
    // An idle pool that nobody closed does not keep the process alive.
    if (member.sent.length === 0) member.worker.unref();
    const { job, run } = done;
    run.pending -= 1;
    if (this.#runs.has(run)) {
      try {
        run.onResult(job, result);
      } catch (error) {
        run.reject(error);
      }
    }
    this.#fill();
  }

  #lose(member: Member, error: unknown): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    for (const { run } of member.sent) run.reject(error);
    this.#fill();
  }
}
