import { parentPort, workerData } from 'node:worker_threads';
import { open } from 'node:fs/promises';

import { createPatch, verifyPatch } from '@swarmpatch/delta';
import type { CreatedPatch, CreateProgress, PatchFile } from '@swarmpatch/delta';

import { brotliCompressor } from './brotli.ts';
import { FileReaders } from './file-readers.ts';
import { describeJobError } from './job-error.ts';
import { openPatchFile } from './patch-file.ts';
import type { LocatedFile, PatchJob, PatchJobMessage } from './patch-job.ts';
import { explainRefusal } from './system-refusal.ts';

const PROGRESS_STEP = 200;

await main(workerData as PatchJob).then(
  (created) => {
    say({ kind: 'done', created });
  },
  (error: unknown) => {
    say({ kind: 'failed', error: describeJobError(error) });
  },
);

/** No patch leaves here that does not make the new release. */
async function main(job: PatchJob): Promise<CreatedPatch> {
  const readers = new FileReaders();
  try {
    const trees = { old: withSources(job.old, readers), new: withSources(job.new, readers) };
    const onProgress = progressTeller();
    const created = await write(job, { ...trees, onProgress });
    const opened = await openPatchFile(job.outPath);
    try {
      await verifyPatch(opened.patch, {
        ...trees,
        onProgress: (sample) => {
          onProgress({ phase: 'check', ...sample });
        },
      });
    } finally {
      opened.close();
    }
    return created;
  } finally {
    readers.close();
  }
}

async function write(
  { outPath, effort, memoryBytesMax }: PatchJob,
  parts: Pick<Parameters<typeof createPatch>[0], 'old' | 'new' | 'onProgress'>,
): Promise<CreatedPatch> {
  const out = await writing(open(outPath, 'wx'));
  try {
    const created = await createPatch({
      ...parts,
      ...{ effort, memoryBytesMax, compressor: brotliCompressor },
      write: async (bytes) => {
        for (let at = 0; at < bytes.length;) at += (await writing(out.write(bytes, at))).bytesWritten;
      },
    });
    await writing(out.sync());
    return created;
  } finally {
    await out.close();
  }
}

/** A message for each part that can be seen. */
function progressTeller(): (progress: CreateProgress) => void {
  let shown = '';
  return (progress) => {
    const part = Math.floor((PROGRESS_STEP * progress.doneBytes) / Math.max(1, progress.totalBytes));
    const key = `${progress.phase} ${part}`;
    if (key === shown) return;
    shown = key;
    say({ kind: 'progress', progress });
  };
}

function writing<T>(step: Promise<T>): Promise<T> {
  return step.catch((error: unknown) => {
    throw explainRefusal('write a patch', error);
  });
}

function withSources(files: readonly LocatedFile[], readers: FileReaders): PatchFile[] {
  return files.map(({ absolutePath, ...file }) => ({
    ...file,
    source: readers.sourceOf(absolutePath, file.lengthBytes),
  }));
}

function say(message: PatchJobMessage): void {
  parentPort?.postMessage(message);
}
