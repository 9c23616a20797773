import { parentPort } from 'node:worker_threads';

import type { HashJob, HashResult } from './hash-job.ts';
import { hashParts } from './hash-parts.ts';
import { hashStream } from './hash-stream.ts';

parentPort?.on('message', (job: HashJob) => {
  const result: HashResult = job.kind === 'parts' ? hashParts(job) : hashStream(job);
  parentPort?.postMessage(result);
});
