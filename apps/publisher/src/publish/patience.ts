import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '@swarmpatch/node-io/api-client';

/** Attempts in a row that bring nothing forward: about a minute and a half of waiting in all. */
export const FRUITLESS_ATTEMPTS_MAX = 8;
const BACKOFF_MS = 1000;
const BACKOFF_MS_MAX = 30_000;

export interface Patience {
  signal: AbortSignal;
  onRetry(message: string): void;
  /** The first wait; each further one is twice as long. Shortened in tests. */
  backoffMs?: number;
}

/** Whether the same request may do better later: no answer, too busy, or a fault of the server's own. */
export function isPassing(error: unknown): error is ApiError {
  if (!(error instanceof ApiError) || error.code === 'storage_full') return false;
  if (error.status !== undefined) return error.status >= 500 || error.status === 429 || error.status === 408;
  return error.code === 'origin_unreachable' || error.code === 'origin_timed_out';
}

/** Repeats a request that failed in passing, waiting longer each time; the last failure is thrown as it is. */
export async function patiently<Reply>(patience: Patience, request: () => Promise<Reply>): Promise<Reply> {
  for (let fruitless = 1; ; fruitless += 1) {
    try {
      return await request();
    } catch (error) {
      patience.signal.throwIfAborted();
      if (!isPassing(error) || fruitless >= FRUITLESS_ATTEMPTS_MAX) throw error;
      await backOff(patience, fruitless, error);
    }
  }
}

export async function backOff(patience: Patience, fruitless: number, error: ApiError): Promise<void> {
  const { backoffMs = BACKOFF_MS, signal } = patience;
  const waitMs = Math.max(error.retryAfterMs ?? 0, Math.min(backoffMs * 2 ** (fruitless - 1), BACKOFF_MS_MAX));
  patience.onRetry(`${error.message}; trying again in ${Math.ceil(waitMs / 1000)} s`);
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (aborted) {
    signal.throwIfAborted();
    throw aborted;
  }
}
