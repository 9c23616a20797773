import { describe, expect, it } from 'vitest';

import {
  PEERS_TOO_SLOW_BYTES_PER_SECOND,
  type PeersProgress,
  SLOW_AMONG_RIVALS_HOLD_MS,
  SLOW_HOLD_MS,
  WebSeedPolicy,
} from './web-seed-policy.ts';

const progress: PeersProgress = {
  bytesPerSecond: 0,
  webSeedBytesPerSecond: undefined,
  downloadLimitBytesPerSecond: Infinity,
  leftBytes: 1e9,
  webSeedBytes: 0,
  rivalCount: 0,
  havePeersAll: true,
  isAllAskedFor: false,
};
const slow: PeersProgress = { ...progress, bytesPerSecond: 50_000 };
/** What is not made up for: it was lacked before peers counted as slow, but for the credit. */
const FORGIVEN_MS = SLOW_AMONG_RIVALS_HOLD_MS - SLOW_HOLD_MS;
const fast: PeersProgress = { ...progress, bytesPerSecond: 1e6 };

describe('WebSeedPolicy', () => {
  it.each([0, 50_000])('lets a round of choking pass before peers at %i bytes a second count as too slow', (rate) => {
    const policy = new WebSeedPolicy();
    policy.need({ ...progress, bytesPerSecond: rate }, 0);
    expect(policy.need({ ...progress, bytesPerSecond: rate }, 7_900)).toBe('unavailable_only');
    expect(policy.need({ ...progress, bytesPerSecond: rate }, 8_000)).toBe('any');
  });

  it('lets a second round pass among others who lack pieces', () => {
    const policy = new WebSeedPolicy();
    const crowd = { ...slow, rivalCount: 5 };
    policy.need(crowd, 0);
    expect(policy.need(crowd, SLOW_AMONG_RIVALS_HOLD_MS - 100)).toBe('unavailable_only');
    expect(policy.need(crowd, SLOW_AMONG_RIVALS_HOLD_MS)).toBe('any');
  });

  it('does not call HTTP in for a dip that ends', () => {
    const policy = new WebSeedPolicy();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
      expect(policy.need(nowMs % 7_000 === 0 ? fast : slow, nowMs)).toBe('unavailable_only');
    }
  });

  it('lets HTTP go on through a short burst of peers, and stops it when they stay fast', () => {
    const policy = new WebSeedPolicy();
    policy.need(slow, 0);
    expect(policy.need(slow, 10_000)).toBe('any');
    expect(policy.need(fast, 11_000)).toBe('any');
    expect(policy.need(slow, 12_000)).toBe('any');
    expect(policy.need(fast, 13_000)).toBe('any');
    expect(policy.need(fast, 17_000)).toBe('unavailable_only');
  });

  it('makes up for slow peers in a crowd, and no more', () => {
    const policy = new WebSeedPolicy();
    const crowd = { ...slow, rivalCount: 50 };
    let webSeedBytes = 0;
    for (let nowMs = 0; nowMs < 100_000 + FORGIVEN_MS; nowMs += 500)
      if (policy.need({ ...crowd, webSeedBytes }, nowMs) === 'any') webSeedBytes += 500_000;
    const lackedBytes = (PEERS_TOO_SLOW_BYTES_PER_SECOND - slow.bytesPerSecond) * 100;
    expect(webSeedBytes).toBeGreaterThan(lackedBytes - 500_000);
    expect(webSeedBytes).toBeLessThan(lackedBytes + 500_000);
  });

  it('gives each of a crowd a fair part of a fast web seed', () => {
    const policy = new WebSeedPolicy();
    const crowd = { ...slow, rivalCount: 9, webSeedBytesPerSecond: 1e7 };
    let webSeedBytes = 0;
    for (let nowMs = 0; nowMs < 100_000 + FORGIVEN_MS; nowMs += 500)
      if (policy.need({ ...crowd, webSeedBytes }, nowMs) === 'any') webSeedBytes += 5e6;
    expect(webSeedBytes / 100).toBeGreaterThan(0.9e6);
    expect(webSeedBytes / 100).toBeLessThan(1.1e6);
  });

  it('waits longer for the tail of what took long', () => {
    const policy = new WebSeedPolicy();
    const tail = { ...fast, bytesPerSecond: 200_000, leftBytes: 1e6, isAllAskedFor: true };
    policy.need(fast, 0);
    policy.need(tail, 97_000);
    expect(policy.need(tail, 100_000)).toBe('unavailable_only');
    expect(policy.need({ ...tail, leftBytes: 3e6 }, 100_000)).toBe('tail');
  });

  it('does not call a web seed that is slower than the peers', () => {
    const policy = new WebSeedPolicy();
    policy.need({ ...slow, webSeedBytesPerSecond: 20_000 }, 0);
    expect(policy.need({ ...slow, webSeedBytesPerSecond: 20_000 }, 20_000)).toBe('unavailable_only');
  });

  it('does not count peers as slow while the first copy is still on its way into the swarm', () => {
    const policy = new WebSeedPolicy();
    policy.need({ ...slow, havePeersAll: false }, 0);
    expect(policy.need({ ...slow, havePeersAll: false }, 60_000)).toBe('unavailable_only');
  });

  it('calls HTTP in at the tail when peers take too long', () => {
    const policy = new WebSeedPolicy();
    const tail = { ...fast, bytesPerSecond: 200_000, leftBytes: 2e6, isAllAskedFor: true };
    policy.need(tail, 0);
    expect(policy.need(tail, 3_000)).toBe('tail');
    expect(policy.need({ ...tail, leftBytes: 1e5 }, 3_100)).toBe('unavailable_only');
  });

  describe('with a deadline', () => {
    const left = { ...progress, leftBytes: 100e6 };

    it('calls HTTP in when peers are slower than the deadline needs, however fast they are', () => {
      const policy = new WebSeedPolicy(100_000);
      policy.need({ ...left, bytesPerSecond: 900_000 }, 0);
      expect(policy.need({ ...left, bytesPerSecond: 900_000 }, 2_000)).toBe('any');
    });

    it('leaves slow peers alone when they are fast enough for it', () => {
      const policy = new WebSeedPolicy(24 * 3_600_000);
      for (let nowMs = 0; nowMs < 600_000; nowMs += 1_000)
        expect(policy.need({ ...left, bytesPerSecond: 2_000 }, nowMs)).toBe('unavailable_only');
    });

    it('stops HTTP again when peers are ahead of it', () => {
      const policy = new WebSeedPolicy(100_000);
      policy.need({ ...left, bytesPerSecond: 0 }, 0);
      expect(policy.need({ ...left, bytesPerSecond: 0 }, 2_000)).toBe('any');
      policy.need({ ...left, bytesPerSecond: 3e6 }, 3_000);
      expect(policy.need({ ...left, bytesPerSecond: 3e6 }, 7_000)).toBe('unavailable_only');
    });

    it('uses HTTP for all that is left once it has passed', () => {
      const policy = new WebSeedPolicy(1_000);
      policy.need({ ...left, bytesPerSecond: 1e9 }, 2_000);
      expect(policy.need({ ...left, bytesPerSecond: 1e9 }, 60_000)).toBe('any');
    });
  });
});
