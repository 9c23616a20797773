/** One way, from one end of the world to the other. */
const WORLD_MS = 90;
const LAST_MILE_MS = { min: 2, max: 15 };

/** Where somebody is: what is near answers soon. */
export interface Place {
  /** 0 to 1, as `y`. */
  readonly x: number;
  readonly y: number;
  readonly lastMileMs: number;
}

export function randomPlace(random: () => number): Place {
  const { min, max } = LAST_MILE_MS;
  return { x: random(), y: random(), lastMileMs: min + random() * (max - min) };
}

/** One way between two places. */
export function latencyMs(from: Place, to: Place): number {
  return from.lastMileMs + to.lastMileMs + (Math.hypot(from.x - to.x, from.y - to.y) / Math.SQRT2) * WORLD_MS;
}
