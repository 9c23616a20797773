import { type TextForm, UsageError } from '@swarmpatch/terminal';

export const dailySpanForm: TextForm = { wanted: 'HH:MM-HH:MM, such as 23:00-07:30', read: parseDailySpan };

const MINUTES_PER_DAY = 24 * 60;

/** A part of every day, by the clock on the wall, in minutes from midnight; one that ends before it begins goes over midnight. */
export interface DailySpan {
  readonly fromMinute: number;
  /** The first minute that is not in it any more. */
  readonly toMinute: number;
}

/**
 * @param text `HH:MM-HH:MM`; 24:00 is the end of the day, and equal times mean the whole day.
 * @throws {UsageError}
 */
export function parseDailySpan(text: string): DailySpan {
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text);
  const fromMinute = minuteOf(match?.[1], match?.[2]);
  const toMinute = minuteOf(match?.[3], match?.[4]);
  if (fromMinute === undefined || toMinute === undefined || fromMinute === MINUTES_PER_DAY) {
    throw new UsageError(`read a part of the day: found ${JSON.stringify(text)}, wanted ${dailySpanForm.wanted}`);
  }
  return { fromMinute, toMinute };
}

/**
 * Whether transfers may run at a time of day; always without a schedule. Only the clock on the wall counts: an hour that it
 * shows twice is in or out twice, and one that it skips is skipped.
 */
export function isWithin(spans: readonly DailySpan[], minuteOfDay: number): boolean {
  return spans.length === 0 || spans.some((span) => contains(span, minuteOfDay));
}

/** Minutes since midnight as the clock on the wall shows them. */
export function minuteOfDay(date: Date): number {
  return date.getHours() * 60 + date.getMinutes();
}

function contains({ fromMinute, toMinute }: DailySpan, minute: number): boolean {
  if (fromMinute === toMinute) return true;
  if (fromMinute < toMinute) return minute >= fromMinute && minute < toMinute;
  return minute >= fromMinute || minute < toMinute;
}

function minuteOf(hours: string | undefined, minutes: string | undefined): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= MINUTES_PER_DAY ? minute : undefined;
}
