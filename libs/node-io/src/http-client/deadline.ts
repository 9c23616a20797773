import { HttpError } from './http-error.ts';

/**
 * Runs `task` with a signal that ends with the caller's, or after `timeoutMs`.
 *
 * @throws {HttpError} `http_timed_out`; the caller's reason when the caller ended it.
 */
export async function withDeadline<T>(
  limits: { url: string; timeoutMs: number; signal?: AbortSignal | undefined },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs, url } = limits;
  signal?.throwIfAborted();
  const ender = new AbortController();
  const onAbort = (): void => {
    ender.abort(signal?.reason);
  };
  const timer = setTimeout(() => {
    ender.abort(new HttpError('http_timed_out', url, `ask ${url}: not done within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  signal?.addEventListener('abort', onAbort);
  try {
    return await task(ender.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
