/**
 * Reads many small files into shared memory. Here reading synchronously blocks nobody, and costs a sixth of what the same reads
 * cost through the thread pool.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { JoinAnswer, JoinRequest } from './span-joiner.ts';

function join({ memory, parts }: JoinRequest): void {
  let at = 0;
  for (const { path, start, end } of parts) {
    const file = openSync(path, 'r');
    try {
      for (let position = start; position < end;) {
        const bytesRead = readSync(file, memory, at, end - position, position);
        if (bytesRead === 0) throw new Error(`${path} ended at byte ${position}, wanted ${end}`);
        position += bytesRead;
        at += bytesRead;
      }
    } finally {
      closeSync(file);
    }
  }
}

parentPort?.on('message', (request: JoinRequest) => {
  const answer: JoinAnswer = { id: request.id };
  try {
    join(request);
  } catch (error) {
    answer.failure = error instanceof Error ? error.message : String(error);
  }
  parentPort?.postMessage(answer);
});
