import { UsageError } from '@swarmpatch/terminal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isWithin, minuteOfDay, parseDailySpan } from './schedule.ts';

const at = (text: string): number => {
  const [hours, minutes] = text.split(':');
  return Number(hours) * 60 + Number(minutes);
};
const allows = (schedule: readonly string[], time: string): boolean =>
  isWithin(
    schedule.map((text) => parseDailySpan(text)),
    at(time),
  );

describe('schedule', () => {
  it('allows everything when there is none', () => {
    expect(allows([], '12:00')).toBe(true);
  });

  it('begins with its first minute and ends before its last', () => {
    expect(['01:59', '02:00', '05:59', '06:00'].map((time) => allows(['02:00-06:00'], time))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('goes over midnight', () => {
    const times = ['22:59', '23:00', '23:59', '00:00', '07:29', '07:30'];
    expect(times.map((time) => allows(['23:00-07:30'], time))).toEqual([false, true, true, true, true, false]);
  });

  it('takes several spans, whole days and the end of the day', () => {
    expect(allows(['01:00-02:00', '12:00-13:00'], '12:30')).toBe(true);
    expect(allows(['01:00-02:00', '12:00-13:00'], '11:30')).toBe(false);
    expect(allows(['08:00-08:00'], '03:00')).toBe(true);
    expect(allows(['20:00-24:00'], '23:59')).toBe(true);
    expect(allows(['20:00-24:00'], '00:00')).toBe(false);
  });

  it('follows the clock on the wall through the hours that daylight saving time repeats and skips', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Europe/Berlin';
    try {
      const allowsAt = (utc: string): boolean => isWithin([parseDailySpan('02:15-02:45')], minuteOfDay(new Date(utc)));
      // 2026-10-25: 02:30 summer time, and an hour later 02:30 winter time.
      expect(allowsAt('2026-10-25T00:30:00Z')).toBe(true);
      expect(allowsAt('2026-10-25T01:00:00Z')).toBe(false);
      expect(allowsAt('2026-10-25T01:30:00Z')).toBe(true);
      // 2026-03-29: 01:59 is followed by 03:00.
      expect(allowsAt('2026-03-29T00:59:00Z')).toBe(false);
      expect(allowsAt('2026-03-29T01:00:00Z')).toBe(false);
      expect(allowsAt('2026-03-30T00:30:00Z')).toBe(true);
    } finally {
      process.env['TZ'] = zone;
      if (zone === undefined) delete process.env['TZ'];
    }
  });

  it('refuses what is no pair of times, and nothing else than that', () => {
    for (const text of ['', '2-3', '25:00-01:00', '24:00-01:00', '10:60-11:00', '10:00-11:00 ', '24:01-01:00']) {
      expect(() => parseDailySpan(text)).toThrow(UsageError);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { fromMinute, toMinute } = parseDailySpan(text);
          expect(fromMinute).toBeLessThan(1440);
          expect(toMinute).toBeLessThanOrEqual(1440);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
    );
  });
});
