import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { originPaths } from '@swarmpatch/api-contract';
import type { InstallState } from '@swarmpatch/install';
import { describeHolder, DiskFileSystem, lockHolderOf } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import { openSession, refreshTrust } from '../commands/open-session.ts';
import { isLocked, type OpenInstall, withInstall } from '../install/open-install.ts';
import { moveAmong, type MoveWay } from '../move/move-install.ts';
import type { MoveReport } from '../move/move-report.ts';
import { SeededInstall } from '../seed/seeded-install.ts';
import type { CommandTransfers } from '../transfers/command-transfers.ts';
import { AwaitedPatch } from './awaited-patch.ts';
import { BackOff } from './back-off.ts';
import { type ChangeRules, findLeave } from './change-rules.ts';
import { NewsFeed } from './news-feed.ts';
import { describeNetwork } from './own-network.ts';
import { SignedNews } from './signed-news.ts';
import { Surroundings } from './surroundings.ts';
import { POLL_MS, WatchEngine } from './watch-engine.ts';
import { WatchReport } from './watch-report.ts';

/** How often it is looked at what says nothing by itself: the install, the clock, the network, programs. */
const TICK_MS = 2_000;
/** How often others may make it begin again with what it fetches. */
const SUPERSEDED_GAP_MS_MIN = 60_000;
const SEED_BACK_OFF = { firstMs: 5_000, lastMs: 5 * 60_000 };

export interface WatchRules {
  readonly change: ChangeRules;
  readonly rates: MoveWay['rates'];
  /** How long a release is served once it is installed; for as long as it is unless given. */
  readonly seedForMs: number | undefined;
}

/** Keeps one install at what its channel names, and serves it, until it is told to end. It holds the lock only to change something. */
export class InstallWatch {
  readonly #directory: string;
  readonly #rules: WatchRules;
  readonly #transfers: CommandTransfers;
  readonly #context: CommandContext;
  readonly #engine = new WatchEngine(performance.now(), Math.random);
  readonly #surroundings = new Surroundings();
  readonly #news: SignedNews;
  readonly #seeding: SeededInstall;
  readonly #seedBackOff = new BackOff(SEED_BACK_OFF, Math.random);
  readonly #report: WatchReport;
  readonly #patch: AwaitedPatch;
  #seedDueMs = 0;
  #seedUntilMs = Number.POSITIVE_INFINITY;
  #isServedElsewhere = false;
  /** As this watch knows it. */
  #installed: string | undefined;
  #feed: NewsFeed | undefined;
  #move: { readonly version: string; readonly end: AbortController } | undefined;
  /** Whether it was said that the release on its way is not the channel's any more. */
  #isSuperseded = false;
  #supersededMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(directory: string, rules: WatchRules, transfers: CommandTransfers, context: CommandContext) {
    this.#directory = resolve(directory);
    this.#rules = rules;
    this.#transfers = transfers;
    this.#context = context;
    this.#news = new SignedNews(this.#directory, context);
    this.#seeding = SeededInstall.unserved(this.#directory, transfers, context);
    this.#report = new WatchReport(transfers, context);
    this.#patch = new AwaitedPatch(this.#directory, rules.rates);
  }

  /** Until the signal. @param state As it was found. */
  async run(state: InstallState): Promise<void> {
    const { game, channel, origin, installed } = state;
    this.#installed = installed?.version;
    this.#report.ready({ dir: this.#directory, game, channel, origin, version: installed?.version ?? null });
    const feed = this.#listen(state);
    const ended = feed.run();
    const timer = setInterval(() => this.#tick(), TICK_MS);
    const { signal } = this.#context;
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) await this.#turn();
    } catch (error) {
      // Whatever was under way when the end was asked for.
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      clearInterval(timer);
      feed.stop();
      await ended;
      await this.#seeding.stop();
    }
  }

  async #turn(): Promise<void> {
    await this.#serve();
    if (await this.#news.isTouched()) this.#engine.touched(performance.now());
    const { pausedBy, settings } = this.#transfers;
    const leave =
      this.#engine.pending === undefined
        ? { transfer: true, change: true, reasons: [] }
        : await findLeave(this.#directory, settings.pauses, this.#rules.change);
    const transfer = leave.transfer && pausedBy.length === 0;
    const step = this.#engine.step(performance.now(), { transfer, change: leave.change });
    if (step.kind === 'look') await this.#look();
    else if (step.kind === 'move') await this.#moveTo(step.version);
    else {
      const { pending, isStaged } = this.#engine;
      const isHeld = !transfer || (isStaged && !leave.change);
      if (pending !== undefined) this.#report.waiting(pending, isHeld ? leave.reasons : this.#patch.reasons);
      await this.#rest(Math.min(step.forMs, TICK_MS));
    }
  }

  /** Until then, or until something happens. */
  async #rest(forMs: number): Promise<void> {
    const { promise, wake } = awakening();
    this.#wake = wake;
    const rest = new AbortController();
    if (this.#context.signal.aborted) return;
    await Promise.race([promise, sleep(forMs, undefined, { signal: rest.signal }).catch(() => undefined)]);
    rest.abort();
  }

  #listen({ origin, game, channel }: InstallState): NewsFeed {
    const feed = new NewsFeed(origin + originPaths.events(game), channel, {
      opened: () => {
        this.#engine.streamOpened(performance.now());
        this.#report.listening();
        this.#wake();
      },
      closed: (why) => {
        this.#engine.streamClosed(performance.now());
        this.#report.asking(why, POLL_MS);
      },
      news: (version) => {
        this.#engine.hinted(performance.now());
        this.#isSuperseded = version !== '' && this.#move !== undefined && version !== this.#move.version;
        this.#wake();
      },
      patch: () => {
        this.#engine.patchHinted(performance.now());
        this.#wake();
      },
    });
    this.#feed = feed;
    return feed;
  }

  /** Also while something else is under way. */
  #tick(): void {
    const look = { nowMs: performance.now(), wallMs: Date.now(), network: describeNetwork() };
    const disturbance = this.#surroundings.look(look);
    // Paused transfers would keep the install locked for nothing: what has come stays.
    if (this.#transfers.pausedBy.length > 0) this.#move?.end.abort(new MoveEnded());
    // Whoever says so may lie: the signed metadata is looked at, and what has come is gone on with.
    if (this.#isSuperseded && look.nowMs - this.#supersededMs >= SUPERSEDED_GAP_MS_MIN) {
      this.#supersededMs = look.nowMs;
      this.#isSuperseded = false;
      this.#engine.touched(look.nowMs);
      this.#move?.end.abort(new MoveEnded());
    }
    if (disturbance === undefined) return;
    this.#report.disturbed(disturbance);
    this.#engine.disturbed(look.nowMs);
    this.#feed?.restart();
    this.#isServedElsewhere = true;
    this.#wake();
  }

  async #look(): Promise<void> {
    try {
      const standing = await this.#news.look();
      this.#engine.looked(standing, performance.now());
      const { installed } = standing;
      if (installed !== undefined && installed !== this.#installed) this.#report.changed(installed);
      this.#installed = installed;
      this.#report.stands(installed ?? null, this.#engine.pending ?? null);
      if (this.#seeding.lacksTrackers) await this.#seeding.stop();
    } catch (error) {
      this.#context.signal.throwIfAborted();
      if (isLocked(error)) await this.#giveWay();
      else this.#report.failed('look', error, this.#engine.lookFailed(performance.now()));
    }
  }

  async #moveTo(version: string): Promise<void> {
    const end = new AbortController();
    this.#move = { version, end };
    this.#isSuperseded = false;
    try {
      const signal = AbortSignal.any([this.#context.signal, end.signal]);
      const context = { ...this.#context, signal };
      const waitMs = await this.#waitForPatch(version, context);
      if (waitMs > 0) {
        this.#engine.deferred(waitMs, performance.now());
        return;
      }
      const report = await this.#bring(version, context);
      this.#engine.moved(report.staged ? 'staged' : 'placed', performance.now());
      if (report.staged) this.#report.staged(report);
      else this.#placed(report);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const nowMs = performance.now();
      if (isLocked(error)) await this.#giveWay();
      else if (!end.signal.aborted) {
        this.#news.forget();
        this.#report.failed('update', error, this.#engine.moveFailed(nowMs));
      }
    } finally {
      this.#move = undefined;
    }
  }

  async #giveWay(): Promise<void> {
    this.#engine.busy(performance.now());
    const holder = await lockHolderOf(new DiskFileSystem(this.#directory));
    if (holder !== undefined) this.#report.busy(describeHolder(holder));
  }

  #placed(report: MoveReport): void {
    this.#installed = report.to;
    this.#seedDueMs = 0;
    this.#seedUntilMs = Number.POSITIVE_INFINITY;
    this.#report.updated(report);
  }

  /** @returns when to ask again for a patch that is in the making, in milliseconds; 0 when the update is to begin. */
  async #waitForPatch(to: string, context: CommandContext): Promise<number> {
    const from = this.#installed;
    return from === undefined || from === to || this.#engine.isStaged ? 0 : this.#patch.next(from, to, context);
  }

  async #bring(version: string, context: CommandContext): Promise<MoveReport> {
    const bring = async (install: OpenInstall): Promise<MoveReport> => {
      const installed = install.state.installed?.version;
      this.#report.updating(installed ?? null, version);
      const session = await openSession(install, context);
      await refreshTrust(session, install, context);
      const release = await session.source.release(version);
      // What is about to be fetched cannot be served from elsewhere at the same time.
      await (installed === version ? this.#seeding.stop() : this.#seeding.stopPatches());
      const { rates } = this.#rules;
      const { firstFiles } = this.#transfers.settings;
      const mayPlace = (): Promise<boolean> => this.#mayPlace();
      return moveAmong(
        this.#transfers,
        { install, ...session, depth: install.depth, firstFiles, rates, mayPlace },
        release,
        context,
      );
    };
    return withInstall(this.#directory, 'watch', context, bring, { doing: `watch: bringing ${version}` });
  }

  /** Files that are being served cannot be replaced everywhere. */
  async #mayPlace(): Promise<boolean> {
    const { change } = await findLeave(this.#directory, this.#transfers.settings.pauses, this.#rules.change);
    if (change) await this.#seeding.stop();
    return change;
  }

  /** Serves what is installed now, whoever installed it. */
  async #serve(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs < this.#seedDueMs) return;
    const isOver = nowMs >= this.#seedUntilMs;
    // Under another address it is served anew.
    if (isOver || this.#isServedElsewhere) await this.#seeding.stop();
    this.#isServedElsewhere = false;
    if (isOver) {
      this.#seedDueMs = Number.POSITIVE_INFINITY;
      return;
    }
    const before = this.#seeding.seeding.version;
    try {
      if (!(await this.#seeding.follow())) return;
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const retryMs = this.#seedBackOff.next();
      this.#seedDueMs = nowMs + retryMs;
      this.#report.failed('seed', error, retryMs);
      return;
    }
    this.#seedBackOff.reset();
    const { seeding, address = { host: '', port: 0 } } = this.#seeding;
    this.#report.seeding(seeding, address);
    if (before !== seeding.version) this.#seedUntilMs = nowMs + (this.#rules.seedForMs ?? Number.POSITIVE_INFINITY);
  }
}

/** A pause, or another release. */
class MoveEnded extends Error {
  override readonly name = 'MoveEnded';
}

function awakening(): { promise: Promise<void>; wake: () => void } {
  let wake = (): void => undefined;
  const promise = new Promise<void>((resolved) => {
    wake = resolved;
  });
  return { promise, wake };
}
