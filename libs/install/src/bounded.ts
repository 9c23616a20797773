/** Enough to keep a disk and Node's thread pool busy; more only costs memory. */
export const FILE_OPERATIONS_AT_ONCE = 16;

/** Runs `work` on every item, a bounded number at a time, in the order given; the first failure stops what has not begun. */
export async function forEachBounded<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  async function takeTurns(): Promise<void> {
    while (next < items.length && !failed) {
      const index = next;
      next += 1;
      const item = items[index];
      if (item === undefined) continue;
      try {
        await work(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const turns = Array.from({ length: Math.min(FILE_OPERATIONS_AT_ONCE, items.length) }, takeTurns);
  const results = await Promise.allSettled(turns);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
