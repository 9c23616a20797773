import { describe, expect, it } from 'vitest';

import { VirtualTime } from './virtual-time.ts';

describe('VirtualTime', () => {
  it('lets things happen in order of time, and within a millisecond in the order in which they were planned', () => {
    const time = new VirtualTime();
    const happened: string[] = [];
    for (const [delayMs, name] of [
      [5, 'c'],
      [3, 'a'],
      [5, 'd'],
      [4.2, 'e'],
      [3, 'b'],
    ] as const)
      time.after(delayMs, () => happened.push(`${name}${time.nowMs}`));
    time.runUntil(() => false, 100);
    expect(happened).toEqual(['a3', 'b3', 'c5', 'd5', 'e5']);
    expect(time.nowMs).toBe(100);
  });

  it('ends a millisecond with what was kept for its end, once all else in it has happened', () => {
    const time = new VirtualTime();
    const happened: string[] = [];
    time.after(1, () => {
      time.atEndOfNow(() => {
        happened.push('end');
        time.after(0, () => happened.push('after the end'));
      });
      time.after(0, () => happened.push('second'));
      happened.push('first');
    });
    time.runUntil(() => false, 1);
    expect(happened).toEqual(['first', 'second', 'end', 'after the end']);
  });

  it('stops when the condition holds, when time is up, and when nothing is left to happen', () => {
    const time = new VirtualTime();
    let count = 0;
    const again = (): void => {
      count += 1;
      if (count < 10) time.after(10, again);
    };
    again();
    expect(time.runUntil(() => count === 3, 1000)).toBe(true);
    expect(time.nowMs).toBe(20);
    expect(time.runUntil(() => count === 9, 40)).toBe(false);
    expect(count).toBe(5);
    expect(time.runUntil(() => count === 11, Infinity)).toBe(false);
    expect(count).toBe(10);
  });
});
