import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter, RETRY_AFTER_MS_MAX } from './retry-after.ts';

describe('parseRetryAfter()', () => {
  const nowMs = Date.UTC(2026, 0, 1);

  it('reads seconds and dates', () => {
    expect(parseRetryAfter('30', nowMs)).toBe(30_000);
    expect(parseRetryAfter(new Date(nowMs + 5000).toUTCString(), nowMs)).toBe(5000);
    expect(parseRetryAfter(new Date(nowMs - 5000).toUTCString(), nowMs)).toBe(0);
    expect(parseRetryAfter(undefined, nowMs)).toBeUndefined();
    expect(parseRetryAfter('soon', nowMs)).toBeUndefined();
  });

  it('never waits longer than an hour, whatever it reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String)), (value) => {
        const waitMs = parseRetryAfter(value, nowMs) ?? 0;
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(RETRY_AFTER_MS_MAX);
      }),
    );
  });
});
