import { parentPort } from 'node:worker_threads';

import { matchesDigest } from '@swarmpatch/metainfo';

import type { HashAnswer, HashQuestion } from './piece-hasher.ts';

parentPort?.on('message', ({ id, digest, data }: HashQuestion) => {
  const answer: HashAnswer = { id, isGood: matchesDigest(digest, data) };
  parentPort?.postMessage(answer);
});
