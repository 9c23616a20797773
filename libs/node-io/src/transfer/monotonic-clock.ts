import { performance } from 'node:perf_hooks';

/** Milliseconds that never go back. */
export function monotonicMs(): number {
  return performance.now();
}
