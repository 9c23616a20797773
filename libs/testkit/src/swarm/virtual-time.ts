type Action = () => void;

/**
 * A clock that jumps to the next millisecond in which something happens. What is planned for one millisecond happens in the
 * order in which it was planned.
 */
export class VirtualTime {
  eventCount = 0;
  #nowMs = 0;
  readonly #actions = new Map<number, Action[]>();
  /** The keys of `#actions` as a binary heap: the next is the first. */
  readonly #times: number[] = [];
  #last: Action[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Fractions of a millisecond are rounded up. */
  after(delayMs: number, action: Action): void {
    const atMs = Math.ceil(this.#nowMs + Math.max(0, delayMs));
    const actions = this.#actions.get(atMs);
    if (actions) {
      actions.push(action);
      return;
    }
    this.#actions.set(atMs, [action]);
    this.#push(atMs);
  }

  /** At the end of this millisecond, once all else in it has happened. */
  atEndOfNow(action: Action): void {
    this.#last.push(action);
    if (!this.#actions.has(this.#nowMs)) this.after(0, () => undefined);
  }

  /** Runs until the condition holds at the end of a millisecond. False when time is up, or nothing is left to happen. */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    while (!condition()) {
      const nextMs = this.#times[0];
      if (nextMs === undefined || nextMs > limitMs) {
        if (limitMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, limitMs);
        return condition();
      }
      this.#pop();
      this.#nowMs = nextMs;
      this.#happen(this.#actions.get(nextMs) ?? []);
      this.#actions.delete(nextMs);
    }
    return true;
  }

  #happen(actions: Action[]): void {
    let done = 0;
    while (done < actions.length || this.#last.length > 0) {
      // Actions may plan more for this millisecond.
      for (; done < actions.length; done += 1) actions[done]?.();
      const last = this.#last;
      this.#last = [];
      for (const action of last) action();
    }
    this.eventCount += done;
  }

  #push(atMs: number): void {
    const times = this.#times;
    let at = times.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = times[parent] ?? 0;
      if (above <= atMs) break;
      times[at] = above;
      at = parent;
    }
    times[at] = atMs;
  }

  #pop(): void {
    const times = this.#times;
    const last = times.pop();
    if (last === undefined || times.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= times.length) break;
      if ((times[child + 1] ?? Infinity) < (times[child] ?? 0)) child += 1;
      const next = times[child] ?? 0;
      if (last <= next) break;
      times[at] = next;
      at = child;
    }
    times[at] = last;
  }
}
