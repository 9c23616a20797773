import type { AnnounceEvent } from './announce.ts';

/** Longest and shortest time between two announces, whatever a tracker asks for. */
export const TRACKER_INTERVAL_SECONDS_MAX = 7200;
export const TRACKER_INTERVAL_SECONDS_MIN = 30;
/** A tracker that failed is left alone for the first, then twice as long each time, up to the second. */
export const TRACKER_BACK_OFF_FIRST_MS = 5000;
export const TRACKER_BACK_OFF_MS_MAX: number = 30 * 60_000;
/** A tracker that is silent for so long is overtaken by the next; its answer still counts. */
export const TRACKER_PATIENCE_MS = 5000;
/** Trackers of one torrent, whatever it names. */
export const TRACKERS_PER_TORRENT_MAX = 100;
/** A swarm without peers is asked for again this soon, if the tracker allows. */
const LONELY_INTERVAL_SECONDS = 15;

/** What is to be done now. `wait` ends at `untilMs` at the latest; `none` when no tracker is left to ask. */
export type AnnounceStep =
  | { readonly kind: 'announce'; readonly url: string; readonly event: AnnounceEvent | undefined }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'none' };

/** What of a tracker's answer decides when the next announce is. */
export interface AnnounceAnswer {
  readonly intervalSeconds: number;
  readonly minIntervalSeconds?: number | undefined;
  /** Peers are lacking, and the tracker named none. */
  readonly isLonely: boolean;
}

interface TierTracker {
  readonly url: string;
  readonly tier: number;
  failures: number;
  /** Left alone until then. */
  restsUntilMs: number;
  /** Has been told of this peer. */
  isKnown: boolean;
  /** Since when its answer is waited for. */
  askedAtMs: number | undefined;
  event: AnnounceEvent | undefined;
  /** Had the download ended when it was asked? */
  wasCompletionDue: boolean;
}

/**
 * Which tracker of a torrent is told what, and when (BEP 12): tiers in order, the trackers of a tier in an order that is
 * shuffled once, and whoever answers goes to the front of its tier. Of all trackers one hears of each interval; the next
 * is asked when it fails, or stays silent. A tracker that refuses says itself when to come again (BEP 31).
 */
export class AnnounceTiers {
  #trackers: TierTracker[];
  readonly #random: () => number;
  /** Of the next round. */
  #dueMs = -Infinity;
  #isCompletionDue = false;

  /** @param tiers URLs; those named twice are asked once. */
  constructor(tiers: readonly (readonly string[])[], random: () => number) {
    this.#random = random;
    const trackers = new Map<string, TierTracker>();
    for (const [tier, urls] of tiers.entries()) {
      for (const url of shuffled(urls, random)) {
        if (trackers.has(url) || trackers.size >= TRACKERS_PER_TORRENT_MAX) continue;
        const fresh = {
          failures: 0,
          restsUntilMs: -Infinity,
          isKnown: false,
          askedAtMs: undefined,
          event: undefined,
          wasCompletionDue: false,
        };
        trackers.set(url, { url, tier, ...fresh });
      }
    }
    this.#trackers = [...trackers.values()];
  }

  /** What to do now. Whoever is told to announce reports the outcome by `answered` or `failed`. */
  next(nowMs: number): AnnounceStep {
    if (this.#trackers.length === 0) return { kind: 'none' };
    const asked = this.#trackers.flatMap(({ askedAtMs }) => askedAtMs ?? []);
    const readyMs = Math.max(this.#dueMs, asked.length > 0 ? Math.max(...asked) + TRACKER_PATIENCE_MS : -Infinity);
    const idle = this.#trackers.filter(({ askedAtMs }) => askedAtMs === undefined);
    const restedMs = Math.min(...idle.map(({ restsUntilMs }) => restsUntilMs));
    const untilMs = Math.max(readyMs, restedMs);
    const tracker = untilMs <= nowMs ? idle.find(({ restsUntilMs }) => restsUntilMs <= nowMs) : undefined;
    if (tracker === undefined) return { kind: 'wait', untilMs };
    tracker.askedAtMs = nowMs;
    tracker.wasCompletionDue = this.#isCompletionDue;
    tracker.event = tracker.isKnown ? (this.#isCompletionDue ? 'completed' : undefined) : 'started';
    return { kind: 'announce', url: tracker.url, event: tracker.event };
  }

  answered(url: string, answer: AnnounceAnswer, nowMs: number): void {
    const tracker = this.#trackers.find((candidate) => candidate.url === url);
    if (tracker === undefined) return;
    // Who heard of us first when we had everything counts no completion.
    const isTold = tracker.event === 'completed' || (tracker.event === 'started' && !this.#isKnown);
    if (isTold && tracker.wasCompletionDue) this.#isCompletionDue = false;
    Object.assign(tracker, { failures: 0, restsUntilMs: -Infinity, isKnown: true, askedAtMs: undefined });
    this.#trackers = this.#withFirstOfTier(tracker);
    this.#dueMs = this.#isCompletionDue ? nowMs : nowMs + this.#waitMs(answer);
  }

  /** @param retryInSeconds BEP 31's, where the tracker gave one: 'never' ends asking it. */
  failed(url: string, retryInSeconds: number | 'never' | undefined, nowMs: number): void {
    const tracker = this.#trackers.find((candidate) => candidate.url === url);
    if (tracker === undefined) return;
    if (retryInSeconds === 'never') {
      this.#trackers = this.#trackers.filter((candidate) => candidate !== tracker);
      return;
    }
    const backOffMs = Math.min(TRACKER_BACK_OFF_FIRST_MS * 2 ** tracker.failures, TRACKER_BACK_OFF_MS_MAX);
    tracker.failures += 1;
    tracker.restsUntilMs = nowMs + Math.max((retryInSeconds ?? 0) * 1000, backOffMs * this.#jitter());
    tracker.askedAtMs = undefined;
  }

  /** The download ended well: the tracker that knows of it hears so at once. */
  completed(nowMs: number): void {
    this.#isCompletionDue = true;
    this.#dueMs = Math.min(this.#dueMs, nowMs);
  }

  /** The trackers that are to hear that this peer stops: those that know that it started, or may. */
  farewells(): readonly string[] {
    return this.#trackers.filter(({ isKnown, askedAtMs }) => isKnown || askedAtMs !== undefined).map(({ url }) => url);
  }

  get #isKnown(): boolean {
    return this.#trackers.some(({ isKnown }) => isKnown);
  }

  #withFirstOfTier(first: TierTracker): TierTracker[] {
    const others = this.#trackers.filter((tracker) => tracker !== first);
    const index = others.findIndex(({ tier }) => tier >= first.tier);
    return others.toSpliced(index < 0 ? others.length : index, 0, first);
  }

  #waitMs({ intervalSeconds, minIntervalSeconds = 0, isLonely }: AnnounceAnswer): number {
    const askedSeconds = clamp(intervalSeconds, TRACKER_INTERVAL_SECONDS_MIN, TRACKER_INTERVAL_SECONDS_MAX);
    const leastSeconds = Math.min(minIntervalSeconds, TRACKER_INTERVAL_SECONDS_MAX);
    const seconds = isLonely ? Math.min(askedSeconds, LONELY_INTERVAL_SECONDS) : askedSeconds;
    return Math.max(seconds * this.#jitter(), leastSeconds) * 1000;
  }

  /** A tenth less or more, so that those who failed together do not come back together. */
  #jitter(): number {
    return 0.9 + this.#random() / 5;
  }
}

function shuffled(urls: readonly string[], random: () => number): string[] {
  const order = [...urls];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other] ?? '', order[index] ?? ''];
  }
  return order;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
