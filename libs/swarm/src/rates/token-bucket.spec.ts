import { describe, expect, it } from 'vitest';

import { TokenBucket } from './token-bucket.ts';

const BLOCK_BYTES = 16_384;

/** Bytes that pass in so long when as much is taken as is allowed. */
function passed(buckets: readonly TokenBucket[], fromMs: number, toMs: number): number {
  let bytes = 0;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
    for (const bucket of buckets) {
      while (bucket.maySpend(nowMs)) {
        bucket.spend(BLOCK_BYTES, nowMs);
        bytes += BLOCK_BYTES;
      }
    }
  }
  return bytes;
}

describe('TokenBucket with a parent', () => {
  it('keeps the lower rate of the two', () => {
    const global = new TokenBucket(100_000);
    const bucket = new TokenBucket(1_000_000, global);
    expect(bucket.bytesPerSecond).toBe(100_000);
    expect(passed([bucket], 0, 10_000)).toBeLessThanOrEqual(1_000_000 + 250_000 + 2 * BLOCK_BYTES);
  });

  it('shares the parent among its children', () => {
    const global = new TokenBucket(200_000);
    const children = [new TokenBucket(Infinity, global), new TokenBucket(50_000, global)];
    const bytes = passed(children, 0, 10_000);
    expect(bytes).toBeGreaterThan(1_900_000);
    expect(bytes).toBeLessThanOrEqual(2_000_000 + 50_000 + 3 * BLOCK_BYTES);
  });

  it('gives back to the parent, too', () => {
    const global = new TokenBucket(100_000);
    const bucket = new TokenBucket(Infinity, global);
    bucket.spend(100_000, 0);
    expect(global.maySpend(0)).toBe(false);
    bucket.refund(100_000);
    expect(global.maySpend(0)).toBe(true);
  });

  it('takes a new rate while it runs, and debts remain', () => {
    const bucket = new TokenBucket(Infinity);
    expect(bucket.isLimited).toBe(false);
    bucket.setRate(100_000, 0);
    expect(passed([bucket], 0, 10_000)).toBeLessThanOrEqual(1_000_000 + 3 * BLOCK_BYTES + 32_768);
    bucket.spend(1_000_000, 10_000);
    bucket.setRate(1_000_000, 10_000);
    expect(bucket.maySpend(10_500)).toBe(false);
    expect(bucket.maySpend(11_500)).toBe(true);
    bucket.setRate(Infinity, 12_000);
    expect(bucket.waitMs(12_000)).toBe(0);
  });
});
