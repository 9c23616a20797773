import type { Outbox } from '../command.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import { RateMeter } from '../rates/rate-meter.ts';
import type { WebSeedNeed } from './web-seed-policy.ts';

/** A run takes about so long at the seed's rate. */
const RUN_SECONDS = 4;
const RUN_BYTES_FIRST: number = 4 * 1024 * 1024;
const RUN_BYTES_MIN: number = 512 * 1024;
export const RUN_BYTES_MAX: number = 64 * 1024 * 1024;
/** So much between two wanted pieces is rather fetched for nothing than asked around: small files that are here already. */
const GAP_BYTES_MAX: number = 32 * 1024;
/** Runs under way at one seed while there is nobody to trade with; otherwise one. */
const LONE_RUNS_MAX = 2;
export const BACK_OFF_FIRST_MS = 1_000;
export const BACK_OFF_MAX_MS = 60_000;
/** Pieces that do not match their hash before a web seed is left alone for good. */
export const WEB_SEED_BAD_PIECES_MAX = 3;
/** An open piece without news for so long counts as stuck. */
const STUCK_PIECE_MS = 3_000;
const STARTS_TRIED_MAX = 8;
/** A run's rate means something after so long. */
const RATE_KNOWN_MS = 500;

interface Run {
  readonly runId: number;
  readonly seed: Seed;
  /** The piece under way; those before it are here. */
  next: number;
  end: number;
  receivedBytes: number;
  readonly startedMs: number;
}

interface Seed {
  readonly index: number;
  readonly meter: RateMeter;
  readonly runs: Set<Run>;
  /** Bytes a second of its last run. */
  lastRate: number | undefined;
  failures: number;
  badPieces: number;
  retryAtMs: number;
  /** Where its last run ended: the next goes on there, so that each client keeps to an arc of its own. */
  goOnAt: number | undefined;
}

/** What the swarm knows when runs are planned. */
export interface WebSeedSituation {
  readonly need: WebSeedNeed;
  readonly peerCount: number;
  /** Peers with every piece; the others are counted in the rarity order. */
  readonly seedCount: number;
  readonly downloadLimitBytesPerSecond: number;
}

/** Plans which runs of whole pieces web seeds bring, and shortens them when peers fill in. */
export class WebSeeds {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #random: () => number;
  readonly #seeds: readonly Seed[];
  readonly #runs = new Map<number, Run>();
  readonly #reserved = new Map<number, Run>();
  #lastRunId = 0;

  constructor(options: { ledger: PieceLedger; outbox: Outbox; random: () => number; webSeedCount: number }) {
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
    this.#random = options.random;
    this.#seeds = Array.from({ length: options.webSeedCount }, (_, index) => ({
      index,
      meter: new RateMeter(),
      runs: new Set<Run>(),
      lastRate: undefined,
      failures: 0,
      badPieces: 0,
      retryAtMs: 0,
      goOnAt: undefined,
    }));
  }

  /** Seeds that were not given up. */
  get usableCount(): number {
    return this.#seeds.filter((seed) => seed.badPieces < WEB_SEED_BAD_PIECES_MAX).length;
  }

  /** `held` while the piece's bytes are under way, `planned` while peers may still take it off the run. */
  reservationOf(piece: number): 'none' | 'planned' | 'held' {
    const run = this.#reserved.get(piece);
    if (!run) return 'none';
    return run.next === piece ? 'held' : 'planned';
  }

  bytesPerSecond(nowMs: number): number {
    return this.#seeds.reduce((sum, seed) => sum + seed.meter.bytesPerSecond(nowMs), 0);
  }

  /** What the best seed last gave; undefined while none has given anything. */
  get bestLastRate(): number | undefined {
    const rates = this.#seeds.map((seed) => seed.lastRate).filter((rate) => rate !== undefined);
    return rates.length === 0 ? undefined : Math.max(...rates);
  }

  /** Starts runs where HTTP is needed and cuts from running ones what peers can bring. */
  plan(situation: WebSeedSituation, nowMs: number): void {
    for (const run of this.#runs.values()) this.#cutUnneeded(run, situation);
    for (const seed of this.#seeds) {
      if (seed.badPieces >= WEB_SEED_BAD_PIECES_MAX || seed.retryAtMs > nowMs) continue;
      const runsMax = situation.peerCount === 0 && seed.failures === 0 ? LONE_RUNS_MAX : 1;
      while (seed.runs.size < runsMax && this.#start(seed, situation, nowMs));
    }
  }

  /** A peer was asked for a piece of a run: the run ends before it. */
  pieceTakenByPeer(piece: number): void {
    const run = this.#reserved.get(piece);
    if (run) this.#shorten(run, piece);
  }

  bytesReceived(runId: number, lengthBytes: number, nowMs: number): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    run.seed.meter.add(lengthBytes, nowMs);
    run.receivedBytes += lengthBytes;
    const elapsedMs = nowMs - run.startedMs;
    if (elapsedMs >= RATE_KNOWN_MS) run.seed.lastRate = (run.receivedBytes * 1000) / elapsedMs;
  }

  /** A whole piece came. Returns the seed's index; undefined when it is not of a run, or past the run's end. */
  pieceReceived(runId: number, piece: number): number | undefined {
    const run = this.#runs.get(runId);
    if (!run || piece < run.next || piece >= run.end) return undefined;
    for (let done = run.next; done <= piece; done += 1) this.#reserved.delete(done);
    run.next = piece + 1;
    run.seed.failures = 0;
    if (run.next === run.end) this.#close(run);
    return run.seed.index;
  }

  ended(runId: number): void {
    const run = this.#runs.get(runId);
    if (run) this.#close(run);
  }

  failed(runId: number, retryAfterMs: number | undefined, nowMs: number): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    this.#close(run);
    run.seed.failures += 1;
    run.seed.goOnAt = undefined;
    const backOffMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (run.seed.failures - 1));
    run.seed.retryAtMs = nowMs + Math.max(retryAfterMs ?? 0, backOffMs * (0.75 + this.#random() / 2));
  }

  /** A piece of this seed did not match its hash. */
  sentBadPiece(index: number, nowMs: number): void {
    const seed = this.#seeds[index];
    if (!seed) return;
    seed.badPieces += 1;
    seed.retryAtMs = nowMs + BACK_OFF_FIRST_MS;
    for (const run of seed.runs) this.#shorten(run, run.next);
  }

  /** Ends every run; what is under way is given up. */
  stopAll(): void {
    for (const run of this.#runs.values()) this.#shorten(run, run.next);
  }

  #start(seed: Seed, situation: WebSeedSituation, nowMs: number): boolean {
    const first = this.#chooseStart(seed, situation, nowMs);
    if (first === undefined) return false;
    const run: Run = {
      runId: (this.#lastRunId += 1),
      seed,
      next: first,
      end: first,
      receivedBytes: 0,
      startedMs: nowMs,
    };
    this.#reserve(run, this.#runBytes(seed, situation, nowMs), (piece) => this.#isEligible(piece, situation, nowMs));
    this.#runs.set(run.runId, run);
    seed.runs.add(run);
    seed.goOnAt = run.end;
    this.#outbox.put({
      kind: 'fetch',
      runId: run.runId,
      webSeed: seed.index,
      firstPiece: first,
      pieceCount: run.end - first,
    });
    return true;
  }

  /** Extends a run to the last eligible piece that is within reach. */
  #reserve(run: Run, lengthBytesMax: number, isEligible: (piece: number) => boolean): void {
    const { layout } = this.#ledger;
    let lengthBytes = 0;
    let gapBytes = 0;
    for (let piece = run.end; piece < layout.pieceCount; piece += 1) {
      const pieceBytes = layout.filledBytes(piece);
      lengthBytes += pieceBytes;
      if (lengthBytes > lengthBytesMax && run.end > run.next) return;
      if (isEligible(piece)) {
        this.#reserved.set(piece, run);
        run.end = piece + 1;
        gapBytes = 0;
      } else {
        gapBytes += pieceBytes;
        if (!this.#isSpare(piece) || gapBytes > GAP_BYTES_MAX) return;
      }
    }
  }

  /** Neither wanted any more nor under way: here already, or never wanted. */
  #isSpare(piece: number): boolean {
    return !this.#reserved.has(piece) && !this.#ledger.isNeeded(piece);
  }

  #runBytes(seed: Seed, { downloadLimitBytesPerSecond }: WebSeedSituation, nowMs: number): number {
    const rate = seed.meter.bytesPerSecond(nowMs);
    const byRate = rate === 0 ? RUN_BYTES_FIRST : rate * RUN_SECONDS;
    return Math.max(RUN_BYTES_MIN, Math.min(byRate, downloadLimitBytesPerSecond * RUN_SECONDS, RUN_BYTES_MAX));
  }

  #chooseStart(seed: Seed, situation: WebSeedSituation, nowMs: number): number | undefined {
    const { rarity } = this.#ledger;
    const isFree = (piece: number): boolean => this.#isEligible(piece, situation, nowMs);
    if (seed.goOnAt !== undefined) {
      const { pieceCount } = this.#ledger.layout;
      let piece = seed.goOnAt;
      while (piece < pieceCount && this.#isSpare(piece)) piece += 1;
      if (piece < pieceCount && isFree(piece)) return piece;
    }
    // What nobody has comes first; then whatever is still absent; then pieces that are stuck at peers.
    // At first nobody knows of the others who have just started: each begins somewhere else.
    const isAlone = situation.peerCount === 0 && seed.lastRate !== undefined;
    const unavailable = situation.seedCount > 0 ? 0 : rarity.unavailableCount;
    const places = unavailable > 0 || situation.need === 'unavailable_only' ? unavailable : rarity.size;
    for (let tries = 0; tries < Math.min(places, STARTS_TRIED_MAX); tries += 1) {
      const piece = rarity.at(Math.floor(this.#random() * places));
      if (isFree(piece)) return isAlone ? this.#startOfGap(piece, isFree) : piece;
    }
    for (let place = 0; place < places; place += 1) if (isFree(rarity.at(place))) return rarity.at(place);
    for (const { piece } of this.#ledger.openPieces) if (isFree(piece)) return piece;
    return undefined;
  }

  /** With nobody to share the work with, gaps are filled from their start: fewer and longer requests. */
  #startOfGap(piece: number, isFree: (piece: number) => boolean): number {
    const gapMax = Math.ceil(RUN_BYTES_FIRST / this.#ledger.layout.pieceLengthBytes);
    let start = piece;
    while (start > 0 && piece - start < gapMax && isFree(start - 1)) start -= 1;
    return start;
  }

  #isEligible(piece: number, { need, seedCount }: WebSeedSituation, nowMs: number): boolean {
    if (this.#reserved.has(piece) || !this.#ledger.isNeeded(piece)) return false;
    const isUnavailable = seedCount === 0 && this.#ledger.rarity.count(piece) === 0;
    const open = this.#ledger.openPiece(piece);
    if (!open) return isUnavailable || need !== 'unavailable_only';
    if (isUnavailable && open.askedCount === 0) return true;
    return need === 'tail' || (need === 'any' && nowMs - open.lastBlockMs >= STUCK_PIECE_MS);
  }

  /** A run ends before the first piece that peers have by now, unless HTTP is wanted for it all the same. */
  #cutUnneeded(run: Run, { need, seedCount }: WebSeedSituation): void {
    for (let piece = run.next + 1; piece < run.end; piece += 1) {
      if (!this.#reserved.has(piece)) continue;
      const isAvailable = seedCount > 0 || this.#ledger.rarity.count(piece) > 0;
      if (this.#ledger.isNeeded(piece) && !(isAvailable && need === 'unavailable_only')) continue;
      this.#shorten(run, piece);
      return;
    }
  }

  #shorten(run: Run, end: number): void {
    for (let piece = Math.max(end, run.next); piece < run.end; piece += 1) this.#reserved.delete(piece);
    run.end = Math.min(run.end, Math.max(end, run.next));
    run.seed.goOnAt = undefined;
    this.#ledger.piecesFreed();
    this.#outbox.put({ kind: 'shorten_fetch', runId: run.runId, endPiece: run.end });
    if (run.end <= run.next) this.#close(run);
  }

  #close(run: Run): void {
    for (let piece = run.next; piece < run.end; piece += 1) this.#reserved.delete(piece);
    this.#ledger.piecesFreed();
    this.#runs.delete(run.runId);
    run.seed.runs.delete(run);
  }
}
