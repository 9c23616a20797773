import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { reviveJobError } from './job-error.ts';
import type { StageJob, StageJobMessage, StageResult } from './stage-job.ts';

export interface StagePatchFileOptions extends StageJob {
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the files that a patch makes to places of their own, in a thread of its own, each checked against its signed root. A file
 * that cannot be made fails alone; what is written of it stays.
 *
 * @throws {DeltaError} `not_a_patch`, `unknown_version`, `bad_patch`, `patch_too_large`, `wrong_old_tree`
 */
export async function stagePatchFile(options: StagePatchFileOptions): Promise<readonly StageResult[]> {
  const { patchPath, old, new: staged, onProgress, signal } = options;
  signal?.throwIfAborted();
  const workerData: StageJob = { patchPath, old, new: staged };
  // `.ts` under the test runner, `.js` once built.
  const worker = new Worker(new URL(`./stage-worker${extname(import.meta.url)}`, import.meta.url), { workerData });
  return new Promise<readonly StageResult[]>((settle, reject) => {
    const abort = (): void => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('apply a patch: stopped'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: StageJobMessage) => {
      if (message.kind === 'progress') onProgress?.(message.doneBytes, message.totalBytes);
      else if (message.kind === 'done') settle(message.results);
      else reject(reviveJobError(message.error));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(new Error(`apply a patch: its thread ended with code ${code}`));
    });
  }).finally(() => worker.terminate());
}
