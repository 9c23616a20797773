import { lstatSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { DeltaError, type CreatedPatch, type CreateProgress } from '@swarmpatch/delta';

import { ScanError } from '../hashing/scan-error.ts';
import { syncPaths } from '../blob-store/durability.ts';
import { reviveJobError } from './job-error.ts';
import type { LocatedFile, PatchJob, PatchJobMessage } from './patch-job.ts';
import { explainRefusal } from './system-refusal.ts';

/** What matching may use of memory, unless told otherwise. */
export const PATCH_MEMORY_BYTES: number = 1024 * 1024 * 1024;
export const PATCH_EFFORT = 6;
/** Between two yields to the event loop. Calls that wait are ten times slower here than calls that block. */
const FILES_A_TURN = 500;

export interface CreatePatchFileOptions {
  /** All files and links of both releases, with the pieces roots of all that are not empty. */
  readonly old: readonly LocatedFile[];
  readonly new: readonly LocatedFile[];
  readonly out: string;
  /** 1 to 9. */
  readonly effort?: number | undefined;
  readonly memoryBytesMax?: number | undefined;
  readonly onProgress?: ((progress: CreateProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a patch in a thread of its own, checks there that it makes the new release, and puts it in its place whole or not at all.
 *
 * @throws {DeltaError} also `files_failed`, `wrong_new_tree` when the patch is wrong, or a file is not as its root says
 * @throws {ScanError} `file_changed` when a file is not as long as it was said to be
 */
export async function createPatchFile(options: CreatePatchFileOptions): Promise<CreatedPatch> {
  const { signal, out } = options;
  signal?.throwIfAborted();
  const located = [...options.old, ...options.new];
  const unfinished = `${out}.unfinished-${process.pid}`;
  await rm(unfinished, { force: true });
  try {
    const created = await runJob(
      {
        ...{ old: options.old, new: options.new, outPath: unfinished },
        ...{ effort: options.effort ?? PATCH_EFFORT, memoryBytesMax: options.memoryBytesMax ?? PATCH_MEMORY_BYTES },
      },
      options,
    ).catch(async (error: unknown) => {
      // What changed meanwhile is no fault of the patch.
      if (error instanceof DeltaError) await refuseChanged(located);
      throw error;
    });
    await refuseChanged(located);
    signal?.throwIfAborted();
    await rename(unfinished, out);
    await syncPaths([dirname(resolve(out))], dirname(resolve(out)));
    return created;
  } catch (error) {
    throw explainRefusal(`write patch ${JSON.stringify(out)}`, error);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function runJob(
  job: PatchJob,
  { onProgress, signal }: Pick<CreatePatchFileOptions, 'onProgress' | 'signal'>,
): Promise<CreatedPatch> {
  // `.ts` under the test runner, `.js` once built.
  const worker = new Worker(new URL(`./patch-worker${extname(import.meta.url)}`, import.meta.url), { workerData: job });
  return new Promise<CreatedPatch>((settle, reject) => {
    const abort = (): void => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('make a patch: stopped'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: PatchJobMessage) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else if (message.kind === 'done') settle(message.created);
      else reject(reviveJobError(message.error));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(new Error(`make a patch: its thread ended with code ${code}`));
    });
  }).finally(() => worker.terminate());
}

function mtimeNow(absolutePath: string): number | undefined {
  try {
    return lstatSync(absolutePath, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return undefined;
  }
}

/** A file that was written to meanwhile may be in the patch half old and half new. */
async function refuseChanged(files: readonly LocatedFile[]): Promise<void> {
  for (const [index, { path, absolutePath, mtimeMs }] of files.entries()) {
    if (index % FILES_A_TURN === FILES_A_TURN - 1) await setImmediate();
    if (mtimeMs === undefined || mtimeNow(absolutePath) === mtimeMs) continue;
    throw new ScanError(
      'file_changed',
      path,
      `read ${JSON.stringify(path)}: it changed while the patch was made; run again once nothing writes to it`,
    );
  }
}
