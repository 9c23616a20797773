/** The monotonic clock stands still while a machine sleeps, or a look comes late: either way this much is missing. */
export const SLEEP_MS_MIN = 15_000;

export interface SurroundingsLook {
  /** Monotonic. */
  nowMs: number;
  /** By the clock on the wall, which people set. */
  wallMs: number;
  /** The addresses of this machine, in any words that change with them. */
  network: string;
}

/** Notices, from one look to the next, what makes earlier waits and connections worthless. */
export class Surroundings {
  #last: SurroundingsLook | undefined;

  /** @returns what happened since the last look, in words. */
  look(now: SurroundingsLook): string | undefined {
    const last = this.#last;
    this.#last = now;
    if (last === undefined) return undefined;
    // A clock that is set back says nothing.
    const gapMs = Math.max(now.nowMs - last.nowMs, now.wallMs - last.wallMs);
    if (gapMs >= SLEEP_MS_MIN) return 'the machine slept';
    return now.network === last.network ? undefined : 'the network changed';
  }
}
