/** Whether a release waits for a patch to it that the origin has yet to make (docs/protocols/watch.md): no clock, no network. */
import type { PatchSummary } from '@swarmpatch/api-contract';
import type { UpdatePlan } from '@swarmpatch/plan';

export const PATCH_WAIT_MS_MAX: number = 30 * 60_000;
/** What saves less is not worth a wait. */
export const PATCH_WAIT_MS_MIN = 10_000;
/** How often it is asked how far the patch is. */
export const PATCH_ASK_MS = 30_000;
/** A release is out before its origin has decided which patches to make. */
export const PATCH_PLANNING_MS = 5_000;
/** Of what pieces fetch: what a patch is taken to save, before anybody knows. */
const SAVED_SHARE = 0.5;

/** What an origin says of a patch: nothing yet, that it is to come, or that there is nothing to wait for. */
export type PatchProspect = 'undecided' | 'coming' | 'none';

/** @param patches All to the wanted release, as the origin lists them. */
export function prospectOf(patches: readonly PatchSummary[], from: string): PatchProspect {
  if (patches.length === 0) return 'undecided';
  const state = patches.find((patch) => patch.from === from)?.state;
  return state === 'waiting' || state === 'running' ? 'coming' : 'none';
}

/**
 * How long a patch may be waited for: as long as it is taken to save. So waiting in vain at most doubles what the update takes
 * of that part (ski rental; Karlin, Manasse, Rudolph and Sleator, 1988).
 *
 * @returns 0 where another patch is taken already, or where it is not worth while.
 */
export function patchWaitMs({ chosen }: Pick<UpdatePlan, 'chosen'>): number {
  if (chosen.kind !== 'pieces' && chosen.kind !== 'full') return 0;
  const savedMs = chosen.cost.downloadSeconds * SAVED_SHARE * 1000;
  return savedMs < PATCH_WAIT_MS_MIN ? 0 : Math.min(savedMs, PATCH_WAIT_MS_MAX);
}

/** The one wait of an install for a patch between two releases. Every `nowMs` is monotonic, in milliseconds. */
export class PatchWait {
  readonly from: string;
  readonly to: string;
  readonly #random: () => number;
  readonly #decidedMs: number;
  #untilMs: number | undefined;
  #boundMs = 0;

  /** @param random From 0 up to 1: players who were told of a release at once do not all lose patience at once. */
  constructor(from: string, to: string, nowMs: number, random: () => number) {
    this.from = from;
    this.to = to;
    this.#random = random;
    this.#decidedMs = nowMs + PATCH_PLANNING_MS;
  }

  /** Whether it is known how long it may take. */
  get isBounded(): boolean {
    return this.#untilMs !== undefined;
  }

  /** The longest that it may take, in milliseconds. */
  get boundMs(): number {
    return this.#boundMs;
  }

  isOver(nowMs: number): boolean {
    return this.#untilMs !== undefined && nowMs >= this.#untilMs;
  }

  bound(plan: Pick<UpdatePlan, 'chosen'>, nowMs: number): void {
    this.#boundMs = this.#spread(patchWaitMs(plan));
    this.#untilMs = nowMs + this.#boundMs;
  }

  /** There is nothing to wait for, now or later. */
  end(nowMs: number): void {
    this.#untilMs = nowMs;
  }

  /** @returns when to ask again, in milliseconds from now; 0 when the update is to begin. */
  next(prospect: PatchProspect, nowMs: number): number {
    const isVain = prospect === 'none' || (prospect === 'undecided' && nowMs >= this.#decidedMs);
    if (isVain) this.end(nowMs);
    if (this.#untilMs === undefined || this.isOver(nowMs)) return 0;
    const askMs = prospect === 'undecided' ? this.#decidedMs - nowMs : this.#spread(PATCH_ASK_MS);
    return Math.min(askMs, this.#untilMs - nowMs);
  }

  #spread(spanMs: number): number {
    return spanMs * (0.75 + 0.25 * this.#random());
  }
}
