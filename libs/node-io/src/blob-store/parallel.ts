/** Runs `task` for every item, at most `limit` at once. Rejects with the first failure, after those begun have ended. */
export async function eachInParallel<T>(
  items: Iterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failure: { error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && failure === undefined; next = queue.next()) {
      try {
        await task(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, work));
  if (failure !== undefined) throw failure.error;
}

/** Longest time for which the event loop is kept from others. */
const SLICE_MS = 5;

/**
 * Runs quick synchronous calls for many items and lets others run in between. Metadata calls of the file system cost a
 * tenth of their time this way: the detour through the thread pool is most of the asynchronous ones.
 */
export async function eachInSlices<T>(items: Iterable<T>, task: (item: T) => void): Promise<void> {
  let sliceEndMs = performance.now() + SLICE_MS;
  for (const item of items) {
    task(item);
    if (performance.now() < sliceEndMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEndMs = performance.now() + SLICE_MS;
  }
}
