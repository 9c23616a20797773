import { isDeepStrictEqual } from 'node:util';
import { type CommandContext, failureOf, formatDuration } from '@swarmpatch/terminal';
import type { WatchView } from '../api/transfer-board.ts';
import type { MoveReport } from '../move/move-report.ts';
import { describeMove } from '../move/move-result.ts';
import type { Seeding } from '../seed/seeded-install.ts';
import type { CommandTransfers } from '../transfers/command-transfers.ts';

/** Says what a watch does: one JSON line or one line of text for each event, and its state to those who ask the API. */
export class WatchReport {
  readonly #context: CommandContext;
  readonly #transfers: CommandTransfers;
  /** Who was said to be at work on the install, until it is this launcher's turn. */
  #busyWith: string | undefined;
  #waiting = '';
  #failedAt: 'look' | 'update' | 'seed' | undefined;
  #view: WatchView = {
    state: 'watching',
    version: null,
    wanted: null,
    waitingFor: [],
    listening: false,
    failure: null,
  };

  constructor(transfers: CommandTransfers, context: CommandContext) {
    this.#transfers = transfers;
    this.#context = context;
  }

  ready(install: { dir: string; game: string; channel: string; origin: string; version: string | null }): void {
    this.#show({ version: install.version });
    const { dir, game, channel, version } = install;
    const here = version === null ? 'not whole yet' : `at ${version}`;
    this.#say(
      'ready',
      { ready: true, ...install },
      `Watching ${channel} of ${game} in ${dir}, ${here}; Ctrl-C ends it`,
    );
  }

  listening(): void {
    if (this.#view.listening) return;
    this.#show({ listening: true });
    this.#say('listening', {}, 'The origin tells when there is something new');
  }

  /** @param why There is no stream of events. */
  asking(why: string, everyMs: number): void {
    if (!this.#view.listening) return;
    this.#show({ listening: false });
    this.#say('asking', { why, everySeconds: everyMs / 1000 }, `Asking every ${everyMs / 1000} s: ${why}`);
  }

  disturbed(why: string): void {
    this.#say('disturbed', { why }, `Looking again: ${why}`);
  }

  seeding({ version, pieces, pieceCount, patches }: Seeding, { host, port }: { host: string; port: number }): void {
    const text = `Serving ${version}: ${pieces} of ${pieceCount} pieces and ${patches} patches, on port ${port}`;
    this.#say('seeding', { version, pieces, pieceCount, patches, listen: `${host}:${port}` }, text);
  }

  /** After a look. @param wanted What is to come; none while the install is as it should be. */
  stands(version: string | null, wanted: string | null): void {
    const isOver = this.#failedAt === 'look' || wanted === null;
    this.#show({
      version,
      wanted,
      ...(wanted === null && { state: 'watching' as const, waitingFor: [] }),
      ...(isOver && { failure: null }),
    });
  }

  /** Another launcher moved the install. */
  changed(version: string): void {
    this.#show({ version });
    this.#say('changed', { version }, `Another launcher brought the install to ${version}`);
  }

  /** Somebody else is at work on the install; said once. */
  busy(by: string): void {
    if (this.#busyWith === by) return;
    this.#busyWith = by;
    this.#say('busy', { by }, `Waiting for ${by}`);
  }

  updating(from: string | null, to: string): void {
    this.#busyWith = undefined;
    this.#waiting = '';
    this.#show({ state: 'updating', wanted: to, waitingFor: [] });
    this.#say('updating', { from, to }, `Updating to ${to}`);
  }

  staged(report: MoveReport): void {
    this.#show({ state: 'staged', failure: null });
    this.#say('staged', { ...report }, `${report.to} is here, and will be put into place when it may be`);
  }

  /** Said once for the same release and reasons. */
  waiting(to: string, reasons: readonly string[]): void {
    const waiting = JSON.stringify([to, reasons]);
    if (this.#waiting === waiting) return;
    this.#waiting = waiting;
    this.#show({ wanted: to, waitingFor: reasons });
    if (reasons.length > 0) this.#say('waiting', { to, for: reasons }, `${to} waits: ${reasons.join(', ')}`);
  }

  updated(report: MoveReport): void {
    this.#show({ state: 'watching', version: report.to, wanted: null, waitingFor: [], failure: null });
    this.#say('updated', { ...report }, describeMove(report));
  }

  failed(what: 'look' | 'update' | 'seed', error: unknown, retryMs: number): void {
    const failure = failureOf(error);
    this.#failedAt = what;
    this.#show({ failure, ...(what === 'update' && { state: 'watching' as const }) });
    const retrySeconds = Math.ceil(retryMs / 1000);
    this.#say(
      'failed',
      { what, error: failure, retrySeconds },
      `${what} failed [${failure.code}]: ${failure.message}; again in ${formatDuration(retrySeconds)}`,
    );
  }

  #show(change: Partial<WatchView>): void {
    const view = { ...this.#view, ...change };
    if (isDeepStrictEqual(view, this.#view)) return;
    this.#view = view;
    this.#transfers.announceWatch(this.#view);
  }

  #say(event: string, document: object, text: string): void {
    this.#context.emit({ event, ...document }, text);
  }
}
