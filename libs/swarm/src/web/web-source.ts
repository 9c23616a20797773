import { RateMeter } from '../rates/rate-meter.ts';

export const BACK_OFF_FIRST_MS = 1_000;
export const BACK_OFF_MAX_MS = 60_000;
/** Times that a piece may come wrong before the web seed is not asked for it again. */
export const WEB_SEED_PIECE_TRIES_MAX = 2;
/** Runs with something wrong before a web seed is left alone for good, unless it sent more pieces right than that. */
export const WEB_SEED_BAD_RUNS_MAX = 6;
/** A run's rate means something after so long. */
const RATE_KNOWN_MS = 500;

/** What a run of the web seed has come to. */
interface RunProgress {
  readonly runId: number;
  readonly receivedBytes: number;
  readonly startedMs: number;
}

/** What is known of one web seed: how fast it is, when it may be asked again, and what it is known to have wrong. */
export class WebSource {
  /** Place in the swarm's list of web seeds. */
  readonly index: number;
  /** Lower ones first; a higher one is asked only while no lower one can be. */
  readonly tier: number;
  readonly meter: RateMeter = new RateMeter();
  /** Where its last run ended: the next goes on there, so that each client keeps to an arc of its own. */
  goOnAt: number | undefined;
  #lastRate: number | undefined;
  #failures = 0;
  #retryAtMs = -Infinity;
  #goodPieces = 0;
  #badRuns = 0;
  #lastBadRunId: number | undefined;
  readonly #badPieces = new Map<number, number>();
  /** Pieces that are being verified, and the runs that brought them. */
  readonly #runIds = new Map<number, number>();

  constructor(index: number, tier: number) {
    this.index = index;
    this.tier = tier;
  }

  /** Bytes a second of its last run; undefined before its first. */
  get lastRate(): number | undefined {
    return this.#lastRate;
  }

  /** Its last run failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** It is proven to be of no use. */
  get isGivenUp(): boolean {
    return this.#badRuns >= WEB_SEED_BAD_RUNS_MAX && this.#badRuns > this.#goodPieces;
  }

  /** A piece that it sent wrong. */
  get badPiece(): number | undefined {
    return this.#badPieces.keys().next().value;
  }

  mayBeAsked(nowMs: number): boolean {
    return !this.isGivenUp && this.#retryAtMs <= nowMs;
  }

  mayBring(piece: number): boolean {
    return !this.isGivenUp && (this.#badPieces.get(piece) ?? 0) < WEB_SEED_PIECE_TRIES_MAX;
  }

  received(run: RunProgress, lengthBytes: number, nowMs: number): void {
    this.meter.add(lengthBytes, nowMs);
    const elapsedMs = nowMs - run.startedMs;
    if (elapsedMs >= RATE_KNOWN_MS) this.#lastRate = (run.receivedBytes * 1000) / elapsedMs;
  }

  /** A piece came whole; whether it is right is not known yet. */
  delivered(run: RunProgress, piece: number): void {
    this.#failures = 0;
    this.#runIds.set(piece, run.runId);
  }

  /** @param spread 0 to 1: clients that were refused together do not come back together. */
  failed(retryAfterMs: number | undefined, spread: number, nowMs: number): void {
    this.#failures += 1;
    this.goOnAt = undefined;
    const backOffMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (this.#failures - 1));
    // Never before the time that the server asked for.
    this.#retryAtMs = nowMs + Math.max(retryAfterMs ?? 0, backOffMs * 0.75) + (backOffMs * spread) / 2;
  }

  sentGood(piece: number): void {
    this.#runIds.delete(piece);
    this.#goodPieces += 1;
  }

  /** What else is wrong of the same run may be so for the same reason, and does not count again. */
  sentBad(piece: number): void {
    const runId = this.#runIds.get(piece);
    this.#runIds.delete(piece);
    if (runId !== this.#lastBadRunId) this.#badRuns += 1;
    this.#lastBadRunId = runId;
    this.goOnAt = undefined;
    this.#badPieces.set(piece, (this.#badPieces.get(piece) ?? 0) + 1);
  }
}
