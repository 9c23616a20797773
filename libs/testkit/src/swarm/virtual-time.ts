interface Event {
  readonly atMs: number;
  /** Events of one time come in the order in which they were planned. */
  readonly order: number;
  readonly action: () => void;
}

/** A clock that jumps from event to event. */
export class VirtualTime {
  #nowMs = 0;
  #lastOrder = 0;
  /** A binary heap: the next event is the first. */
  readonly #events: Event[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#lastOrder += 1), action });
  }

  /** Runs events until the condition holds. False when time is up, or nothing is left to happen. */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    while (!condition()) {
      if ((this.#events[0]?.atMs ?? Infinity) > limitMs) return false;
      const event = this.#pop();
      if (!event) return false;
      this.#nowMs = event.atMs;
      event.action();
    }
    return true;
  }

  #push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = events[parent];
      if (!above || isBefore(above, event)) break;
      events[at] = above;
      at = parent;
    }
    events[at] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (!first || !last || events.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = events[child];
      const right = events[child + 1];
      if (!left) break;
      if (right && isBefore(right, left)) child += 1;
      const next = events[child];
      if (!next || isBefore(last, next)) break;
      events[at] = next;
      at = child;
    }
    events[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
