import { describe, expect, it } from 'vitest';

import { Downlink } from './downlink.ts';
import { Lane, Uplink } from './uplink.ts';
import { VirtualTime } from './virtual-time.ts';

const BLOCK_BYTES = 16_384;
const LATENCY_MS = 30;

/** Sends so many blocks over each lane and notes when each arrived. */
function send(options: {
  uplink: number;
  downlinks: number[];
  blocks: number;
}): { atMs: number; lane: number; block: number }[] {
  const time = new VirtualTime();
  const uplink = new Uplink(time, options.uplink);
  const arrivals: { atMs: number; lane: number; block: number }[] = [];
  for (const [number, bytesPerSecond] of options.downlinks.entries()) {
    const lane = new Lane(time, uplink, new Downlink(time, bytesPerSecond), LATENCY_MS);
    for (let block = 0; block < options.blocks; block += 1)
      lane.send({
        lengthBytes: BLOCK_BYTES,
        onArrived: () => arrivals.push({ atMs: time.nowMs, lane: number, block }),
      });
  }
  time.runUntil(() => false, 1_000_000);
  return arrivals;
}

describe('Uplink and Downlink', () => {
  it.each([100_000, 1_000_000, 50_000_000])('carry %i bytes a second upwards', (uplink) => {
    const arrivals = send({ uplink, downlinks: [Infinity, Infinity], blocks: 200 });
    const wantedMs = (400 * BLOCK_BYTES * 1000) / uplink + LATENCY_MS;
    expect(arrivals.at(-1)?.atMs).toBeGreaterThanOrEqual(Math.floor(wantedMs));
    expect(arrivals.at(-1)?.atMs).toBeLessThanOrEqual(wantedMs * 1.02 + 2);
  });

  it('carry no more than the receiver can take, and give the rest to others', () => {
    const arrivals = send({ uplink: 1_000_000, downlinks: [100_000, Infinity], blocks: 200 });
    const lastOf = (lane: number): number => arrivals.findLast((arrival) => arrival.lane === lane)?.atMs ?? 0;
    expect(lastOf(0)).toBeGreaterThan(199 * BLOCK_BYTES * 0.01);
    expect(lastOf(0)).toBeLessThan(200 * BLOCK_BYTES * 0.01 * 1.05);
    expect(lastOf(1)).toBeLessThan(200 * BLOCK_BYTES * 0.001 * 1.3);
  });

  it('keep the order within a lane', () => {
    const arrivals = send({ uplink: 3_000_000, downlinks: [700_000, 2_000_000, 150_000], blocks: 60 });
    for (const lane of [0, 1, 2]) {
      const blocks = arrivals.filter((arrival) => arrival.lane === lane).map(({ block }) => block);
      expect(blocks).toEqual(Array.from({ length: 60 }, (_, block) => block));
    }
  });

  it('send a few bytes at once, but never before what the lane has to send', () => {
    const time = new VirtualTime();
    const uplink = new Uplink(time, 100_000);
    const downlink = new Downlink(time, Infinity);
    const arrivals: string[] = [];
    const [busy, idle] = [new Lane(time, uplink, downlink, 10), new Lane(time, uplink, downlink, 10)];
    busy.send({ lengthBytes: BLOCK_BYTES, onArrived: () => arrivals.push('block') });
    busy.sendLight({ lengthBytes: 17, onArrived: () => arrivals.push('light after block') });
    idle.sendLight({ lengthBytes: 17, onArrived: () => arrivals.push('light alone') });
    time.runUntil(() => false, 10_000);
    expect(arrivals).toEqual(['light alone', 'block', 'light after block']);
  });
});
