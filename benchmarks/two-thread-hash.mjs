// The peer of verify.mjs: SHA-256 of both halves of a file, each read and hashed on a thread of its own. usage: node two-thread-hash.mjs FILE
import { createHash } from 'node:crypto';
import { openSync, readSync, statSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const CHUNK_BYTES = 256 * 1024;

if (isMainThread) {
  const path = process.argv[2];
  const { size } = statSync(path);
  const half = Math.floor(size / 2);
  for (const [begin, end] of [
    [0, half],
    [half, size],
  ])
    new Worker(new URL(import.meta.url), { workerData: { path, begin, end } });
} else {
  const { path, begin, end } = workerData;
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const hash = createHash('sha256');
  for (let at = begin; at < end;) {
    const count = readSync(file, chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
    hash.update(chunk.subarray(0, count));
    at += count;
  }
  hash.digest();
}
