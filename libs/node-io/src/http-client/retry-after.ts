/** The longest wait that a server may ask for. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

/** Reads a Retry-After header (RFC 9110, 10.2.3): seconds or an HTTP date. `undefined` when absent or malformed. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const waitMs = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MS_MAX);
}
