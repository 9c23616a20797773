import type { TransferSession } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';

import { findRunning } from './running-processes.ts';
import { type DailySpan, isWithin, minuteOfDay } from './schedule.ts';

const LOOK_MS = 2_000;

/** When transfers have to wait. */
export interface PauseRules {
  /** Transfers run within these parts of the day alone; always when there are none. */
  readonly schedule: readonly DailySpan[];
  /** Transfers wait while one of these programs runs. */
  readonly pauseWhile: readonly string[];
}

/** Why transfers have to wait now, in words: undefined where they need not. */
export async function findPauses({
  schedule,
  pauseWhile,
}: PauseRules): Promise<Record<'schedule' | 'game', string | undefined>> {
  const running = await findRunning(pauseWhile);
  return {
    schedule: isWithin(schedule, minuteOfDay(new Date())) ? undefined : 'it is not the time of --schedule',
    game: running === undefined ? undefined : `${running} runs`,
  };
}

/** Pauses a session by the user's rules, and says so. */
export class TransferPauses {
  readonly #session: TransferSession;
  readonly #rules: PauseRules;
  readonly #context: CommandContext;
  readonly #causes = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  private constructor(session: TransferSession, rules: PauseRules, context: CommandContext) {
    this.#session = session;
    this.#rules = rules;
    this.#context = context;
  }

  /** Looks once before anything is transferred, then every two seconds. */
  static async start(session: TransferSession, rules: PauseRules, context: CommandContext): Promise<TransferPauses> {
    const pauses = new TransferPauses(session, rules, context);
    if (rules.schedule.length + rules.pauseWhile.length > 0) await pauses.#look();
    return pauses;
  }

  /** Why the session is paused, in words. */
  get reasons(): readonly string[] {
    return [...this.#causes.values()];
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { schedule, game } = await findPauses(this.#rules);
    if (this.#isStopped) return;
    this.#set('schedule', schedule);
    this.#set('game', game);
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  #set(cause: string, reason: string | undefined): void {
    const before = this.#causes.get(cause);
    if (before === reason) return;
    if (reason === undefined) {
      this.#causes.delete(cause);
      this.#session.resume(cause);
      if (this.#causes.size === 0) this.#context.warn('goes on: nothing pauses the transfer any more');
      return;
    }
    this.#causes.set(cause, reason);
    this.#session.pause(cause);
    this.#context.warn(`paused: ${reason}`);
  }
}
