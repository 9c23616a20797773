/** Decides what a launcher that stays on does next: whoever runs it says what happened and when, and does what it answers. */
import { BackOff } from './back-off.ts';

/** Without a stream of events. */
export const POLL_MS = 30_000;
/** Beside a stream: it may have missed something, or be made to. */
export const POLL_BESIDE_STREAM_MS: number = 5 * 60_000;
/** However often something is said to be new. */
export const LOOK_GAP_MS_MIN = 2_000;
/** So that an origin is not asked by all of its players in one moment. */
export const HINT_SPREAD_MS_MAX = 1_000;
/** Another launcher is at work on the install. */
const BUSY_MS = 2_000;
const LOOK_BACK_OFF = { firstMs: 2_000, lastMs: 5 * 60_000 };
const MOVE_BACK_OFF = { firstMs: 5_000, lastMs: 30 * 60_000 };

/** What the install has, and what the signed metadata wants of it. */
export interface Standing {
  /** Undefined until the first release is whole. */
  readonly installed: string | undefined;
  /** The install is in doubt: moving to the same version mends it. */
  readonly suspect: boolean;
  readonly wanted: string;
}

/** What may be done now. */
export interface Permissions {
  readonly transfer: boolean;
  /** To change files of the install. */
  readonly change: boolean;
}

export type WatchStep =
  | { readonly kind: 'look' }
  | { readonly kind: 'move'; readonly version: string }
  | { readonly kind: 'wait'; readonly forMs: number };

/** Every `nowMs` is monotonic, in milliseconds. */
export class WatchEngine {
  readonly #random: () => number;
  readonly #lookBackOff: BackOff;
  readonly #moveBackOff: BackOff;
  #lookDueMs: number;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #moveDueMs: number;
  /** When it was said that the release waits for a patch, while it does. */
  #deferredMs: number | undefined;
  #pollMs = POLL_MS;
  #standing: Standing | undefined;
  /** Whole beside the install; it just has to be put into place. */
  #staged: string | undefined;
  /** Somebody went to another version than this one on purpose: it is not forced on them. */
  #declined: string | undefined;

  /** @param random From 0 up to 1. */
  constructor(nowMs: number, random: () => number) {
    this.#lookDueMs = nowMs;
    this.#moveDueMs = nowMs;
    this.#random = random;
    this.#lookBackOff = new BackOff(LOOK_BACK_OFF, random);
    this.#moveBackOff = new BackOff(MOVE_BACK_OFF, random);
  }

  /** The version that is to come; undefined while the install is as it should be, or nothing is known yet. */
  get pending(): string | undefined {
    if (this.#standing === undefined) return undefined;
    const { installed, suspect, wanted } = this.#standing;
    if (wanted === this.#declined) return undefined;
    return installed === wanted && !suspect ? undefined : wanted;
  }

  /** Whether what is to come is whole beside the install already. */
  get isStaged(): boolean {
    return this.pending !== undefined && this.#staged === this.pending;
  }

  step(nowMs: number, permissions: Permissions): WatchStep {
    if (nowMs >= this.#lookDueMs) return { kind: 'look' };
    const { pending } = this;
    if (pending === undefined) return { kind: 'wait', forMs: this.#lookDueMs - nowMs };
    const mayMove = permissions.transfer && (permissions.change || !this.isStaged);
    if (mayMove && nowMs >= this.#moveDueMs) return { kind: 'move', version: pending };
    const dueMs = mayMove ? Math.min(this.#lookDueMs, this.#moveDueMs) : this.#lookDueMs;
    return { kind: 'wait', forMs: dueMs - nowMs };
  }

  /** Somebody says that there is something new. Nobody is believed: it is looked at the signed metadata, and not too often. */
  hinted(nowMs: number): void {
    const soonMs = nowMs + this.#random() * HINT_SPREAD_MS_MAX;
    this.#lookDueMs = Math.min(this.#lookDueMs, Math.max(soonMs, this.#lookedMs + LOOK_GAP_MS_MIN));
  }

  /** The stream says at once how things stand, so what was missed is looked at; and what failed may work now. */
  streamOpened(nowMs: number): void {
    this.#pollMs = POLL_BESIDE_STREAM_MS;
    this.#forgive(nowMs);
    this.hinted(nowMs);
  }

  streamClosed(nowMs: number): void {
    // Another connection that could not be opened: waits after failures are as long as they are.
    if (this.#pollMs === POLL_MS) return;
    this.#pollMs = POLL_MS;
    this.#lookDueMs = Math.min(this.#lookDueMs, nowMs + this.#spread(POLL_MS));
  }

  /** The machine slept, or is on another network: earlier waits mean nothing. */
  disturbed(nowMs: number): void {
    this.#forgive(nowMs);
    this.#lookDueMs = nowMs;
  }

  /** The install was written to by somebody else, or may be on its way to the wrong release. */
  touched(nowMs: number): void {
    this.#lookDueMs = Math.min(this.#lookDueMs, nowMs);
  }

  looked(standing: Standing, nowMs: number): void {
    const before = this.#standing;
    this.#standing = standing;
    this.#lookedMs = nowMs;
    this.#lookBackOff.reset();
    this.#lookDueMs = nowMs + this.#spread(this.#pollMs);
    if (before?.wanted !== standing.wanted) {
      this.#staged = undefined;
      this.#declined = undefined;
      this.#deferredMs = undefined;
      this.#forgiveMove(nowMs);
    } else if (before.installed !== standing.installed) {
      this.#declined = standing.installed === standing.wanted ? undefined : standing.wanted;
    }
  }

  /** @returns when it is tried again, in milliseconds from now. */
  lookFailed(nowMs: number): number {
    const waitMs = Math.max(LOOK_GAP_MS_MIN, this.#lookBackOff.next());
    this.#lookedMs = nowMs;
    this.#lookDueMs = nowMs + waitMs;
    return waitMs;
  }

  /** @param outcome `staged`: whole beside the install, which may not be changed now. */
  moved(outcome: 'placed' | 'staged', nowMs: number): void {
    if (this.#standing === undefined) return;
    this.#deferredMs = undefined;
    this.#forgiveMove(nowMs);
    if (outcome === 'staged') {
      this.#staged = this.#standing.wanted;
      return;
    }
    this.#staged = undefined;
    this.#standing = { ...this.#standing, installed: this.#standing.wanted, suspect: false };
  }

  /** What was staged may be what is wrong. @returns when it is tried again, in milliseconds from now. */
  moveFailed(nowMs: number): number {
    const waitMs = this.#moveBackOff.next();
    this.#staged = undefined;
    this.#deferredMs = undefined;
    this.#moveDueMs = nowMs + waitMs;
    return waitMs;
  }

  /** The release waits for a patch to it, which is asked for again then. */
  deferred(forMs: number, nowMs: number): void {
    this.#deferredMs = nowMs;
    this.#moveDueMs = nowMs + forMs;
  }

  /** Somebody says that a patch is there; not believed either. */
  patchHinted(nowMs: number): void {
    if (this.#deferredMs === undefined) return;
    const soonMs = nowMs + this.#random() * HINT_SPREAD_MS_MAX;
    this.#moveDueMs = Math.min(this.#moveDueMs, Math.max(soonMs, this.#deferredMs + LOOK_GAP_MS_MIN));
  }

  /** Another launcher is at work on the install: neither a failure, nor a time to look. */
  busy(nowMs: number): void {
    this.#lookDueMs = Math.max(this.#lookDueMs, nowMs + BUSY_MS);
    this.#moveDueMs = Math.max(this.#moveDueMs, nowMs + BUSY_MS);
  }

  #forgive(nowMs: number): void {
    this.#lookBackOff.reset();
    this.#forgiveMove(nowMs);
  }

  #forgiveMove(nowMs: number): void {
    this.#moveBackOff.reset();
    this.#moveDueMs = nowMs;
  }

  /** Launchers that began together do not go on asking together. */
  #spread(spanMs: number): number {
    return spanMs * (0.75 + 0.25 * this.#random());
  }
}
