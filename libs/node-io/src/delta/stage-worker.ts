import { parentPort, workerData } from 'node:worker_threads';

import { applyPatch, DeltaError, resolveTrees, type NewFile } from '@swarmpatch/delta';

import { FileReaders } from './file-readers.ts';
import { describeJobError } from './job-error.ts';
import { openPatchFile } from './patch-file.ts';
import type { StagedFile, StageJob, StageJobMessage, StageResult } from './stage-job.ts';
import { StagedFiles } from './staged-files.ts';

const PROGRESS_BYTES = 4 * 1024 * 1024;

await main(workerData as StageJob).then(
  (results) => {
    say({ kind: 'done', results });
  },
  (error: unknown) => {
    say({ kind: 'failed', error: describeJobError(error) });
  },
);

async function main(job: StageJob): Promise<StageResult[]> {
  const readers = new FileReaders();
  const staged = new StagedFiles();
  const opened = await openPatchFile(job.patchPath);
  try {
    const trees = resolveTrees(opened.patch, job.old);
    const places = new Map(job.new.map((file) => [file.path, file]));
    for (const file of trees.written) refuseOther(file, places.get(file.path));
    const sources = new Map(job.old.map(({ path, absolutePath }) => [path, absolutePath]));
    const placeOf = (file: NewFile): string => places.get(file.path)?.absolutePath ?? '';
    let toldBytes = 0;
    const results: StageResult[] = [];
    await applyPatch(
      opened.patch,
      trees,
      {
        readOld: ({ path }, offset, target) => {
          readers.readInto(sources.get(path) ?? nowhere(), offset, target);
        },
        readOldAhead: async ({ path }, offset, target) =>
          readers.readAhead(sources.get(path) ?? nowhere(), offset, target),
        readNew: (file, offset, target) => {
          readers.readInto(placeOf(file), offset, target);
        },
        write: (file, offset, bytes) => staged.write(placeOf(file), file.lengthBytes, offset, bytes),
        finish: (result) => {
          results.push({
            path: result.file.path,
            failure: result.status === 'failed' ? result.failure : undefined,
          });
        },
      },
      {
        expectedRoots: new Map(job.new.map(({ path, piecesRoot }) => [path, piecesRoot])),
        onProgress: ({ doneBytes, totalBytes }) => {
          if (doneBytes < totalBytes && doneBytes - toldBytes < PROGRESS_BYTES) return;
          toldBytes = doneBytes;
          say({ kind: 'progress', doneBytes, totalBytes });
        },
      },
    );
    return results;
  } finally {
    await staged.close();
    opened.close();
    readers.close();
  }
}

/** What the signed release does not have is not written anywhere. */
function refuseOther(file: NewFile, place: StagedFile | undefined): void {
  if (file.lengthBytes === 0 || place?.lengthBytes === file.lengthBytes) return;
  throw new DeltaError(
    'bad_patch',
    `apply a patch: it makes ${JSON.stringify(file.path)} of ${file.lengthBytes} bytes, which the release does not have`,
    { path: file.path },
  );
}

function nowhere(): never {
  throw new Error('no file here has its content');
}

function say(message: StageJobMessage): void {
  parentPort?.postMessage(message);
}
