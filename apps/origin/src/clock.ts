/** The wall clock; tests replace it. */
export class Clock {
  nowMs(): number {
    return Date.now();
  }
}
