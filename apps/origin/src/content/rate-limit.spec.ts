import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

describe('RateLimit', () => {
  it('holds the rate over time, whoever asks', () => {
    let nowMs = 1000;
    const limit = new RateLimit(1_000_000, () => nowMs);
    let bytes = 0;
    while (nowMs < 11_000) {
      bytes += 50_000;
      nowMs += limit.reserve(50_000);
    }
    expect(bytes).toBeGreaterThan(10_000_000);
    expect(bytes).toBeLessThan(10_300_000);
  });

  it('saves no more than a short burst while nobody asks', () => {
    let nowMs = 0;
    const limit = new RateLimit(1000, () => nowMs);
    limit.reserve(1);
    nowMs += 3_600_000;
    expect(limit.reserve(100)).toBe(0);
    expect(limit.reserve(1000)).toBe(0);
    expect(limit.reserve(1)).toBe(1000);
  });

  it('cuts large chunks, so that others get their turn', async () => {
    const limit = new RateLimit(100_000_000_000, () => 0);
    const sizes: number[] = [];
    for await (const part of limit.pass(new Uint8Array(600 * 1024), new AbortController().signal))
      sizes.push(part.length);
    expect(sizes).toEqual([262_144, 262_144, 90_112]);
  });

  it('stops waiting when the other side is gone', async () => {
    const limit = new RateLimit(1);
    limit.reserve(1_000_000);
    const gone = new AbortController();
    const next = limit.pass(new Uint8Array(10), gone.signal).next();
    gone.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
  });
});
