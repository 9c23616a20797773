import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.ts';
import { SLEEP_MS_MIN, Surroundings } from './surroundings.ts';

describe('BackOff', () => {
  it('doubles up to its limit, and begins again when told to', () => {
    const backOff = new BackOff({ firstMs: 1000, lastMs: 5000 }, () => 1);
    expect([backOff.next(), backOff.next(), backOff.next(), backOff.next()]).toEqual([1000, 2000, 4000, 5000]);
    backOff.reset();
    expect(backOff.next()).toBe(1000);
  });

  it('spreads waits over their second half', () => {
    expect(new BackOff({ firstMs: 1000, lastMs: 5000 }, () => 0).next()).toBe(500);
  });
});

describe('Surroundings', () => {
  const network = 'eth0 192.0.2.7';

  it('notices a sleep by the wall clock, while the monotonic one stood still', () => {
    const surroundings = new Surroundings();
    expect(surroundings.look({ nowMs: 0, wallMs: 1_000_000, network })).toBeUndefined();
    expect(surroundings.look({ nowMs: 2_000, wallMs: 1_002_000, network })).toBeUndefined();
    expect(surroundings.look({ nowMs: 4_000, wallMs: 1_004_000 + SLEEP_MS_MIN, network })).toBe('the machine slept');
  });

  it('notices a sleep that the monotonic clock counted', () => {
    const surroundings = new Surroundings();
    surroundings.look({ nowMs: 0, wallMs: 0, network });
    expect(surroundings.look({ nowMs: SLEEP_MS_MIN, wallMs: 0, network })).toBe('the machine slept');
  });

  it('makes nothing of a clock that is set back', () => {
    const surroundings = new Surroundings();
    surroundings.look({ nowMs: 0, wallMs: 10_000_000, network });
    expect(surroundings.look({ nowMs: 2_000, wallMs: 0, network })).toBeUndefined();
  });

  it('notices another network, once', () => {
    const surroundings = new Surroundings();
    surroundings.look({ nowMs: 0, wallMs: 0, network });
    expect(surroundings.look({ nowMs: 1, wallMs: 1, network: 'wlan0 198.51.100.3' })).toBe('the network changed');
    expect(surroundings.look({ nowMs: 2, wallMs: 2, network: 'wlan0 198.51.100.3' })).toBeUndefined();
  });
});
