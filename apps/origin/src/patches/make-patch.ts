import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { extname } from 'node:path';
import type { DefeatedFile, PatchProgress } from '@swarmpatch/api-contract';
import type { PatchEntry } from '@swarmpatch/release';

/** Where the signed documents of a release are in the blob store. */
interface ReleaseDocuments {
  manifestPiecesRoot: string;
  torrentPiecesRoot: string;
}

export interface PatchTask {
  blobsDirectory: string;
  old: ReleaseDocuments;
  next: ReleaseDocuments;
  /** Where the patch is written; the last part of the path is the name in its torrent. */
  patchPath: string;
}

export interface MadePatch extends Pick<PatchEntry, 'bytes' | 'writtenBytes' | 'oldReadBytes' | 'torrent'> {
  kind: 'made';
  piecesRoot: string;
  /** Info dictionary and piece layers. */
  torrentBytes: Uint8Array;
  defeated: DefeatedFile[];
}

export type PatchOutcome = MadePatch | { kind: 'rejected'; reason: string; defeated: DefeatedFile[] };

/** What the worker process says; it ends after the last two. */
export type PatchWorkerMessage =
  | { kind: 'progress'; progress: PatchProgress }
  | { kind: 'ended'; outcome: PatchOutcome }
  | { kind: 'failed'; message: string };

const WORKER_URL = new URL(`./patch-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Makes one patch in a process of its own: it takes the memory and the processor time that matching wants without any of the
 * origin's, which a thread could not, and when it runs out of either it ends alone.
 */
export function makePatch(
  task: PatchTask,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: PatchProgress) => void },
): Promise<PatchOutcome> {
  signal.throwIfAborted();
  const child = fork(WORKER_URL, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  lowerPriority(child.pid);
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise<PatchOutcome>((resolve, reject) => {
    child.on('message', (message: PatchWorkerMessage) => {
      if (message.kind === 'progress') onProgress(message.progress);
      else if (message.kind === 'ended') resolve(message.outcome);
      else reject(new Error(message.message));
    });
    child.once('error', reject);
    child.once('exit', (code, by) => {
      reject(new Error(`the process that made it ended with ${by ?? `code ${code ?? 'none'}`}`));
    });
    child.send(task);
  }).finally(() => {
    signal.removeEventListener('abort', stop);
    stop();
  });
}

/** Before it has begun, so that every thread that it starts has it, too. */
function lowerPriority(pid: number | undefined): void {
  // It could not be started: 0 would be this process.
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where a container allows no such thing, a job at the usual priority is better than none.
  }
}
