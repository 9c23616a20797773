/** Below this rate peers count as too slow, unless the download limit is lower still. */
export const PEERS_TOO_SLOW_BYTES_PER_SECOND: number = 128 * 1024;
/** How long a rate has to hold before HTTP steps in or steps back. */
const HOLD_MS = 4_000;
/** Peers may take so long for what is left; then HTTP brings it, too. */
const TAIL_MS = 3_000;
const RECOVERED_FACTOR = 2;

/** What the policy looks at. */
export interface PeersProgress {
  readonly bytesPerSecond: number;
  /** What the best web seed last gave; undefined before the first run. */
  readonly webSeedBytesPerSecond: number | undefined;
  /** Infinity for no limit. */
  readonly downloadLimitBytesPerSecond: number;
  readonly leftBytes: number;
  /** Whether peers have all that is wanted: while they do not, HTTP is at work anyway, and they have little to give yet. */
  readonly havePeersAll: boolean;
  /** Nothing wanted is left that no peer was asked for. */
  readonly isAllAskedFor: boolean;
}

/** Which pieces HTTP may bring beyond those that no peer has. */
export type WebSeedNeed = 'unavailable_only' | 'tail' | 'any';

/** HTTP is the last resort: it brings what no peer has, steps in while peers are too slow, and at the tail; then stops again. */
export class WebSeedPolicy {
  #slowSinceMs: number | undefined;
  #fastSinceMs: number | undefined;
  #tailSinceMs: number | undefined;
  #isSlow = false;

  need(progress: PeersProgress, nowMs: number): WebSeedNeed {
    this.#judgeRate(progress, nowMs);
    this.#tailSinceMs = progress.isAllAskedFor ? (this.#tailSinceMs ?? nowMs) : undefined;
    if (this.#isSlow) return 'any';
    const isTail = this.#tailSinceMs !== undefined && nowMs - this.#tailSinceMs >= HOLD_MS / 2;
    return isTail && progress.leftBytes * 1000 > progress.bytesPerSecond * TAIL_MS ? 'tail' : 'unavailable_only';
  }

  #judgeRate(progress: PeersProgress, nowMs: number): void {
    const { bytesPerSecond, havePeersAll } = progress;
    const floor = Math.min(
      PEERS_TOO_SLOW_BYTES_PER_SECOND,
      progress.downloadLimitBytesPerSecond / 8,
      // A web seed that is slower than the peers is no help, and a crowd at it only makes it slower.
      progress.webSeedBytesPerSecond ?? Infinity,
    );
    this.#slowSinceMs = havePeersAll && bytesPerSecond < floor ? (this.#slowSinceMs ?? nowMs) : undefined;
    this.#fastSinceMs = bytesPerSecond >= floor * RECOVERED_FACTOR ? (this.#fastSinceMs ?? nowMs) : undefined;
    if (this.#slowSinceMs !== undefined && nowMs - this.#slowSinceMs >= HOLD_MS) this.#isSlow = true;
    if (!havePeersAll) this.#isSlow = false;
    if (this.#fastSinceMs !== undefined && nowMs - this.#fastSinceMs >= HOLD_MS) this.#isSlow = false;
  }
}
