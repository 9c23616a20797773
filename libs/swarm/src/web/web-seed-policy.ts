/** Without a deadline, peers that bring less count as too slow, unless the download limit is lower still. */
export const PEERS_TOO_SLOW_BYTES_PER_SECOND: number = 128 * 1024;
/** How long peers have to be too slow: about a round of choking, for whoever is choked may be served in the next. */
export const SLOW_HOLD_MS = 8_000;
/** Among others who lack pieces two rounds: where all lines are full, who is slow in one is not in the next. */
export const SLOW_AMONG_RIVALS_HOLD_MS = 20_000;
/** With a deadline there is less patience. */
export const DEADLINE_HOLD_MS = 2_000;
/** How long peers have to be fast again before HTTP steps back. */
export const RECOVERED_HOLD_MS = 4_000;
/** What counts as fast again, as a multiple of what is too slow. */
const RECOVERED_FACTOR = 2;
const RECOVERED_FACTOR_DEADLINE = 1.25;
/** Peers may take so long for what is left once all of it is asked for, or this part of the time so far; then HTTP brings it, too. */
export const TAIL_MS = 3_000;
const TAIL_SHARE = 0.1;
const TAIL_HOLD_MS = 2_000;
/** Kept back from a deadline for the last pieces, as a part of what is left and at most so long. */
const DEADLINE_RESERVE = 0.1;
const DEADLINE_RESERVE_MS_MAX = 30_000;

/** What the policy looks at. */
export interface PeersProgress {
  readonly bytesPerSecond: number;
  /** What the best web seed last gave; undefined before the first run. */
  readonly webSeedBytesPerSecond: number | undefined;
  /** Infinity for no limit. */
  readonly downloadLimitBytesPerSecond: number;
  readonly leftBytes: number;
  /** Received over HTTP so far. */
  readonly webSeedBytes: number;
  /** Peers that lack pieces: where one finds peers slow, so do they, and all of them turn to HTTP. */
  readonly rivalCount: number;
  /** Whether peers have all that is wanted: while they do not, HTTP is at work anyway, and they have little to give yet. */
  readonly havePeersAll: boolean;
  /** Nothing wanted is left that no peer was asked for. */
  readonly isAllAskedFor: boolean;
}

/** Which pieces HTTP may bring beyond those that no peer has. */
export type WebSeedNeed = 'unavailable_only' | 'tail' | 'any';

/**
 * HTTP is the last resort. It brings what no peer has; anything, while peers are slower than they have to be; and the tail,
 * when peers take too long for it. It steps in and steps back only when what calls for it has held for a while.
 */
export class WebSeedPolicy {
  readonly #deadlineMs: number | undefined;
  #slowSinceMs: number | undefined;
  #fastSinceMs: number | undefined;
  #tailSinceMs: number | undefined;
  #isSlow = false;
  #startedMs: number | undefined;
  #accountMs: number | undefined;
  #webSeedBytes = 0;
  /** What peers brought less than they had to, and HTTP has not made up for. */
  #owedBytes = 0;

  /** @param deadlineMs When everything is to be here, on the clock of `nowMs`. */
  constructor(deadlineMs?: number) {
    this.#deadlineMs = deadlineMs;
  }

  need(progress: PeersProgress, nowMs: number): WebSeedNeed {
    this.#startedMs ??= nowMs;
    this.#judgeRate(progress, nowMs);
    this.#keepAccount(progress, nowMs);
    this.#tailSinceMs = progress.isAllAskedFor ? (this.#tailSinceMs ?? nowMs) : undefined;
    const isAmongRivals = this.#deadlineMs === undefined && progress.rivalCount > 0;
    if (this.#isSlow && (!isAmongRivals || this.#owedBytes > 0)) return 'any';
    const isTail = this.#tailSinceMs !== undefined && nowMs - this.#tailSinceMs >= TAIL_HOLD_MS;
    const tailMs = Math.max(TAIL_MS, (nowMs - this.#startedMs) * TAIL_SHARE);
    return isTail && progress.leftBytes * 1000 > progress.bytesPerSecond * tailMs ? 'tail' : 'unavailable_only';
  }

  /** In a crowd HTTP makes up for what is too slow, or gives each a fair part of what it has, and no more. */
  #keepAccount(progress: PeersProgress, nowMs: number): void {
    const { bytesPerSecond, webSeedBytes, webSeedBytesPerSecond = 0, rivalCount } = progress;
    const fairRate = Math.max(this.#wantedRate(progress, nowMs), webSeedBytesPerSecond / (rivalCount + 1));
    const lackedBytes = ((fairRate - bytesPerSecond) * (nowMs - (this.#accountMs ?? nowMs))) / 1000;
    // What it brought before, when it was needed for the first copy, is not counted.
    const broughtBytes = this.#isSlow ? webSeedBytes - this.#webSeedBytes : 0;
    const leastBytes = Math.min(0, this.#owedBytes);
    const mostBytes = (fairRate * SLOW_HOLD_MS) / 1000;
    this.#owedBytes = Math.max(leastBytes, Math.min(this.#owedBytes + lackedBytes, mostBytes)) - broughtBytes;
    this.#accountMs = nowMs;
    this.#webSeedBytes = webSeedBytes;
  }

  /** What peers have to bring, in bytes a second. */
  #wantedRate(progress: PeersProgress, nowMs: number): number {
    if (this.#deadlineMs !== undefined) return deadlineRate(progress.leftBytes, this.#deadlineMs - nowMs);
    return Math.min(
      PEERS_TOO_SLOW_BYTES_PER_SECOND,
      progress.downloadLimitBytesPerSecond / 8,
      // A web seed that is slower than the peers is no help, and a crowd at it only makes it slower.
      progress.webSeedBytesPerSecond ?? Infinity,
    );
  }

  #judgeRate(progress: PeersProgress, nowMs: number): void {
    const { bytesPerSecond, havePeersAll } = progress;
    const hasDeadline = this.#deadlineMs !== undefined;
    const patienceMs = progress.rivalCount > 0 ? SLOW_AMONG_RIVALS_HOLD_MS : SLOW_HOLD_MS;
    const holdMs = hasDeadline ? DEADLINE_HOLD_MS : patienceMs;
    const wantedRate = this.#wantedRate(progress, nowMs);
    // A deadline does not wait until the first copy is in the swarm.
    const isSlow = bytesPerSecond < wantedRate && (havePeersAll || hasDeadline);
    const isFast = bytesPerSecond >= wantedRate * (hasDeadline ? RECOVERED_FACTOR_DEADLINE : RECOVERED_FACTOR);
    this.#slowSinceMs = isSlow ? (this.#slowSinceMs ?? nowMs) : undefined;
    this.#fastSinceMs = isFast ? (this.#fastSinceMs ?? nowMs) : undefined;
    if (this.#slowSinceMs !== undefined && nowMs - this.#slowSinceMs >= holdMs) this.#isSlow = true;
    if (!havePeersAll && !hasDeadline) this.#isSlow = false;
    if (this.#fastSinceMs !== undefined && nowMs - this.#fastSinceMs >= RECOVERED_HOLD_MS) this.#isSlow = false;
  }
}

function deadlineRate(leftBytes: number, remainingMs: number): number {
  const reserveMs = Math.min(remainingMs * DEADLINE_RESERVE, DEADLINE_RESERVE_MS_MAX);
  return remainingMs <= 0 ? Infinity : (leftBytes * 1000) / (remainingMs - reserveMs);
}
