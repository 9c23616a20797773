import { formatBytes, formatDuration, formatRate } from './format.ts';
import type { Terminal } from './terminal.ts';

/** How far a phase is. A total that is given again replaces the one before. */
export interface ProgressSample {
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly doneItems?: number;
  readonly totalItems?: number;
  /** Where the bytes come from, or whatever else a user wants to know beside the figures. */
  readonly from?: string;
}

/** One named part of a command's work. */
export interface ProgressPhase {
  update(sample: ProgressSample): void;
  end(): void;
}

/** Shows what a command does, how far it is, how fast, from where, and how long yet. */
export interface Progress {
  phase(name: string, totals?: ProgressSample): ProgressPhase;
}

const TERMINAL_INTERVAL_MS = 100;
const LINES_INTERVAL_MS = 2_000;
/** Speed is what came in the last seconds: an average since the start hides a stall. */
const RATE_WINDOW_MS = 5_000;

/** Progress that nobody sees: `--quiet`. */
export const silentProgress: Progress = { phase: () => ({ update: () => undefined, end: () => undefined }) };

/** Live line on a terminal; elsewhere a line every two seconds and one at the end of a phase that took longer. */
export function terminalProgress(terminal: Terminal): Progress & { close(): void } {
  const open = new Set<Phase>();
  const live = terminal.stderrIsTerminal;
  const draw = (): void => {
    const current = [...open].at(-1);
    if (current === undefined) return;
    const line = current.line(terminal.nowMs());
    terminal.stderr(live ? `\r\u001b[2K${line.slice(0, terminal.columns - 1)}` : `${line}\n`);
    current.shown = true;
  };
  const clear = (): void => {
    if (live) terminal.stderr('\r\u001b[2K');
  };
  const stop = terminal.every(live ? TERMINAL_INTERVAL_MS : LINES_INTERVAL_MS, draw);
  return {
    phase: (name, totals = {}) => {
      const phase = new Phase(name, totals, terminal.nowMs());
      open.add(phase);
      return {
        update: (sample) => phase.update(sample, terminal.nowMs()),
        end: () => {
          if (!open.delete(phase) || !phase.shown) return;
          clear();
          terminal.stderr(`${phase.summary(terminal.nowMs())}\n`);
        },
      };
    },
    close: () => {
      stop();
      if (open.size > 0) clear();
      open.clear();
    },
  };
}

class Phase {
  readonly #name: string;
  readonly #startMs: number;
  readonly #history: { readonly atMs: number; readonly done: number }[] = [];
  #sample: ProgressSample;
  shown = false;

  constructor(name: string, totals: ProgressSample, nowMs: number) {
    this.#name = name;
    this.#sample = totals;
    this.#startMs = nowMs;
    this.#history.push({ atMs: nowMs, done: totals.doneBytes ?? totals.doneItems ?? 0 });
  }

  update(sample: ProgressSample, nowMs: number): void {
    this.#sample = { ...this.#sample, ...sample };
    const done = this.#sample.doneBytes ?? this.#sample.doneItems ?? 0;
    const last = this.#history.at(-1);
    if (last !== undefined && nowMs - last.atMs < TERMINAL_INTERVAL_MS) return;
    this.#history.push({ atMs: nowMs, done });
    while (this.#history.length > 2 && nowMs - (this.#history[0]?.atMs ?? nowMs) > RATE_WINDOW_MS)
      this.#history.shift();
  }

  line(nowMs: number): string {
    const { doneBytes, totalBytes, doneItems, totalItems, from } = this.#sample;
    const done = doneBytes ?? doneItems;
    const total = doneBytes === undefined ? totalItems : totalBytes;
    const parts = [this.#name];
    if (done !== undefined && total !== undefined && total > 0) parts.push(`${Math.floor((100 * done) / total)}%`);
    if (doneBytes !== undefined) {
      parts.push(
        totalBytes === undefined ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
      );
    }
    if (doneItems !== undefined)
      parts.push(totalItems === undefined ? `${doneItems}` : `${doneItems} of ${totalItems}`);
    const perSecond = this.#perSecond(nowMs);
    if (doneBytes !== undefined) parts.push(formatRate(perSecond));
    if (done !== undefined && total !== undefined && perSecond > 0 && total > done) {
      parts.push(`${formatDuration((total - done) / perSecond)} left`);
    }
    if (from !== undefined) parts.push(from);
    return parts.join('  ');
  }

  summary(nowMs: number): string {
    const seconds = (nowMs - this.#startMs) / 1000;
    const { doneBytes, totalBytes, doneItems, totalItems, from } = this.#sample;
    const isCut = (doneBytes ?? 0) < (totalBytes ?? 0) || (doneItems ?? 0) < (totalItems ?? 0);
    const parts = [this.#name, isCut ? 'stopped' : 'done'];
    if (doneBytes !== undefined) parts.push(formatBytes(doneBytes));
    if (doneItems !== undefined) parts.push(`${doneItems}`);
    parts.push(`in ${formatDuration(seconds)}`);
    if (from !== undefined) parts.push(from);
    return parts.join('  ');
  }

  #perSecond(nowMs: number): number {
    const first = this.#history[0];
    const done = this.#sample.doneBytes ?? this.#sample.doneItems ?? 0;
    if (first === undefined || nowMs <= first.atMs) return 0;
    return Math.max(0, ((done - first.done) * 1000) / (nowMs - first.atMs));
  }
}
