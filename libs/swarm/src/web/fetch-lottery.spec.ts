import { describe, expect, it } from 'vitest';

import { DRAW_MS, FetchLottery } from './fetch-lottery.ts';

/** Of so many clients that draw together, how many may fetch. */
function winners(clients: number, unavailableCount: number): number {
  let count = 0;
  for (let client = 0; client < clients; client += 1) {
    const lottery = new FetchLottery(() => client / clients);
    lottery.mayFetch(unavailableCount + 1, clients - 1, 0);
    if (lottery.mayFetch(unavailableCount, clients - 1, DRAW_MS)) count += 1;
  }
  return count;
}

describe('FetchLottery', () => {
  it('lets everyone fetch while there is plenty, and ever fewer the less is left', () => {
    expect(winners(100, 10_000)).toBe(100);
    expect(winners(100, 80)).toBe(10);
    expect(winners(100, 8)).toBe(1);
  });

  it('keeps to what it drew for a while', () => {
    const draws = [0.99, 0];
    const lottery = new FetchLottery(() => draws.shift() ?? 0);
    expect(lottery.mayFetch(1, 99, 0)).toBe(false);
    expect(lottery.mayFetch(1, 99, DRAW_MS - 1)).toBe(false);
    expect(lottery.mayFetch(1, 99, DRAW_MS)).toBe(true);
  });

  it('lets a client fetch within seconds when nobody else does, however many there are', () => {
    const lottery = new FetchLottery(() => 0.999);
    let nowMs = 0;
    while (!lottery.mayFetch(1, 79, nowMs)) nowMs += 100;
    expect(nowMs).toBeLessThan(6_000);
  });
});
