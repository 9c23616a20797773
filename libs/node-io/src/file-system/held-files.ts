import { platform } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Windows does not let go of a file that somebody has open. Virus scanners and indexers open what was just written, and close it soon; a
 * game that runs does not.
 */
export const HELD_FILE_WAITS_MS: readonly number[] = [20, 50, 100, 200, 400, 800, 1600];

const HELD_CODES = ['EBUSY', 'EPERM', 'EACCES'];

export interface HeldFilePatience {
  /** Before each further attempt. */
  readonly waitsMs: readonly number[];
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Elsewhere a file may be replaced while it is in use, and who is refused stays refused. */
export const USUAL_PATIENCE: HeldFilePatience = { waitsMs: platform === 'win32' ? HELD_FILE_WAITS_MS : [] };

/** Tries again while the file is held. @throws what the last attempt threw */
export async function untilFree<T>(
  work: () => Promise<T>,
  { waitsMs, sleep = wait }: HeldFilePatience = USUAL_PATIENCE,
): Promise<T> {
  for (const waitMs of waitsMs) {
    try {
      return await work();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!HELD_CODES.includes(code)) throw error;
    }
    await sleep(waitMs);
  }
  return work();
}
