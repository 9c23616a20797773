import { describe, expect, it } from 'vitest';

import { Bitfield, isValidBitfield } from './pieces/bitfield.ts';
import { PoisonWatch } from './pieces/poison-watch.ts';
import { RateMeter } from './rates/rate-meter.ts';
import { RequestDepth, REQUESTS_MIN } from './pieces/request-depth.ts';
import { TokenBucket } from './rates/token-bucket.ts';

describe('TokenBucket', () => {
  it('lets through its rate and a burst, whoever spends', () => {
    const bucket = new TokenBucket(100_000);
    let spentBytes = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) {
      while (bucket.maySpend(nowMs)) {
        bucket.spend(16_384, nowMs);
        spentBytes += 16_384;
      }
    }
    expect(spentBytes).toBeGreaterThan(1_000_000);
    expect(spentBytes).toBeLessThanOrEqual(1_000_000 + 2 * 32_768);
  });

  it('says how long a debt lasts', () => {
    const bucket = new TokenBucket(100_000);
    bucket.spend(232_768, 0);
    expect(bucket.waitMs(0)).toBeGreaterThan(1_900);
    expect(bucket.waitMs(2_100)).toBe(0);
  });

  it('never waits without a limit', () => {
    const bucket = TokenBucket.unlimited();
    bucket.spend(1e12, 0);
    expect(bucket.waitMs(0)).toBe(0);
  });
});

describe('RateMeter', () => {
  it('measures the last seconds and forgets what was before', () => {
    const meter = new RateMeter();
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) meter.add(10_000, nowMs);
    expect(meter.bytesPerSecond(10_000)).toBeGreaterThan(80_000);
    expect(meter.bytesPerSecond(10_000)).toBeLessThan(120_000);
    expect(meter.bytesPerSecond(20_000)).toBe(0);
    expect(meter.totalBytes).toBe(1_000_000);
  });
});

describe('RequestDepth', () => {
  it('grows with each block at first, and holds three seconds of the rate later', () => {
    const depth = new RequestDepth();
    depth.requestsMax = 1000;
    const first = depth.blocks(0, 0);
    for (let block = 0; block < 100; block += 1) depth.blockReceived();
    expect(depth.blocks(0, 0)).toBe(first + 100);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 500) depth.blocks(163_840, nowMs);
    expect(depth.blocks(163_840, 10_000)).toBe(30);
    expect(depth.blocks(1_000, 10_500)).toBe(REQUESTS_MIN);
  });

  it('never asks for more than the peer keeps', () => {
    const depth = new RequestDepth();
    depth.requestsMax = 50;
    expect(depth.blocks(1e9, 0)).toBe(50);
  });
});

describe('Bitfield', () => {
  it('refuses bits past the last piece, and another length', () => {
    expect(isValidBitfield(new Uint8Array([0xff, 0xc0]), 10)).toBe(true);
    expect(isValidBitfield(new Uint8Array([0xff, 0xe0]), 10)).toBe(false);
    expect(isValidBitfield(new Uint8Array([0xff]), 10)).toBe(false);
    expect(Bitfield.full(10).bits).toEqual(new Uint8Array([0xff, 0xc0]));
    expect([...new Bitfield(10, new Uint8Array([0x81, 0x40])).indexes()]).toEqual([0, 7, 9]);
  });
});

describe('PoisonWatch', () => {
  it('names the only author of a bad piece at once', () => {
    expect(new PoisonWatch().failed(0, new Uint32Array([4, 4]), () => ['a', 'b'])).toBe(4);
  });

  it('names the author of a different block once a good copy is there', () => {
    const watch = new PoisonWatch();
    expect(watch.failed(0, new Uint32Array([4, 5]), () => ['a', 'x'])).toBeUndefined();
    expect(watch.isOnParole(0)).toBe(true);
    expect([...watch.passed(0, () => ['a', 'b'])]).toEqual([5]);
    expect(watch.isOnParole(0)).toBe(false);
  });
});
