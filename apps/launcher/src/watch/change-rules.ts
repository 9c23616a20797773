import { findRunning } from '../pausing/running-processes.ts';
import { type DailySpan, isWithin, minuteOfDay } from '../pausing/schedule.ts';
import { findPauses, type PauseRules } from '../pausing/transfer-pauses.ts';
import { findRunningProgram } from './install-programs.ts';
import type { Permissions } from './watch-engine.ts';

/** When files of an install may be changed. */
export interface ChangeRules {
  /** `idle`: while no program of the install runs. */
  readonly when: 'idle' | 'now';
  /** Not while one of these programs runs. */
  readonly holdWhile: readonly string[];
  /** Within these parts of the day alone; always when there are none. */
  readonly within: readonly DailySpan[];
}

/** What may be done now, and why not, in words. */
export interface Leave extends Permissions {
  readonly reasons: readonly string[];
}

/** Where nothing may be transferred, nothing is changed either. */
export async function findLeave(directory: string, pauses: PauseRules, rules: ChangeRules): Promise<Leave> {
  const paused = Object.values(await findPauses(pauses)).filter((reason) => reason !== undefined);
  const held = paused.length > 0 ? paused : await findHolds(directory, rules);
  return { transfer: paused.length === 0, change: held.length === 0, reasons: held };
}

async function findHolds(directory: string, { when, holdWhile, within }: ChangeRules): Promise<string[]> {
  const reasons: string[] = [];
  if (!isWithin(within, minuteOfDay(new Date()))) reasons.push('it is not the time of --update-within');
  const named = await findRunning(holdWhile);
  const program = named ?? (when === 'idle' ? await findRunningProgram(directory) : undefined);
  if (program !== undefined) reasons.push(`${program} runs`);
  return reasons;
}
