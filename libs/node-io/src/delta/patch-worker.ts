import { parentPort, workerData } from 'node:worker_threads';
import { open } from 'node:fs/promises';

import { createPatch } from '@swarmpatch/delta';
import type { CreatedPatch, PatchFile } from '@swarmpatch/delta';

import { brotliCompressor } from './brotli.ts';
import { FileReaders } from './file-readers.ts';
import { describeJobError } from './job-error.ts';
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

async function main(job: PatchJob): Promise<CreatedPatch> {
  const readers = new FileReaders();
  const out = await writing(open(job.outPath, 'wx'));
  let shown = '';
  try {
    const created = await createPatch({
      ...{ old: withSources(job.old, readers), new: withSources(job.new, readers) },
      ...{ effort: job.effort, memoryBytesMax: job.memoryBytesMax, compressor: brotliCompressor },
      write: async (bytes) => {
        for (let at = 0; at < bytes.length;) at += (await writing(out.write(bytes, at))).bytesWritten;
      },
      onProgress: (progress) => {
        // A message for each part that can be seen.
        const key = `${progress.phase} ${Math.floor((PROGRESS_STEP * progress.doneBytes) / Math.max(1, progress.totalBytes))}`;
        if (key === shown) return;
        shown = key;
        say({ kind: 'progress', progress });
      },
    });
    await writing(out.sync());
    return created;
  } finally {
    await out.close();
    readers.close();
  }
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
