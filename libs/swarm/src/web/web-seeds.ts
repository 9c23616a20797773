import type { Outbox } from '../command.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import { FetchLottery } from './fetch-lottery.ts';
import { RunPlanner, type WebSeedSituation } from './run-planner.ts';
import { type WebRun, WebRuns } from './web-runs.ts';
import { WebSource } from './web-source.ts';

/** Runs under way at one seed while there is nobody to trade with; otherwise one. */
export const LONE_RUNS_MAX = 2;
/** A run without a byte for so long is stuck. */
const STUCK_RUN_MS = 5_000;
/** Who waits for a piece is served by a run that comes to it within so much. */
const SOON_BYTES: number = 1024 * 1024;
/** What a run still needs at its rate, at least, before another web seed takes over a part of it. */
const TAKE_OVER_MS_MIN = 4_000;

/** A piece that a web seed sent. */
export interface WebPiece {
  readonly webSeed: number;
  readonly piece: number;
}

/** Asks web seeds for runs of whole pieces, and shortens them when peers fill in. */
export class WebSeeds {
  readonly #ledger: PieceLedger;
  readonly #random: () => number;
  readonly #sources: readonly WebSource[];
  readonly #tiers: readonly (readonly WebSource[])[];
  readonly #runs: WebRuns;
  readonly #planner: RunPlanner;
  readonly #lottery: FetchLottery;
  #rawBytes = 0;

  /** @param options.tiers By web seed: lower ones are asked first. */
  constructor(options: { ledger: PieceLedger; outbox: Outbox; random: () => number; tiers: readonly number[] }) {
    this.#ledger = options.ledger;
    this.#random = options.random;
    this.#sources = options.tiers.map((tier, index) => new WebSource(index, tier));
    this.#tiers = [...new Set(options.tiers)]
      .sort((a, b) => a - b)
      .map((tier) => this.#sources.filter((source) => source.tier === tier));
    this.#lottery = new FetchLottery(options.random);
    this.#runs = new WebRuns(options.ledger, options.outbox);
    this.#planner = new RunPlanner({ ledger: options.ledger, runs: this.#runs, random: options.random });
  }

  /** Seeds that were not given up. */
  get usableCount(): number {
    return this.#sources.filter((source) => !source.isGivenUp).length;
  }

  /** Received over HTTP, of use or not. */
  get rawBytes(): number {
    return this.#rawBytes;
  }

  /** What the best seed last gave; undefined while none has given anything. */
  get bestLastRate(): number | undefined {
    const rates = this.#sources.map((source) => source.lastRate).filter((rate) => rate !== undefined);
    return rates.length === 0 ? undefined : Math.max(...rates);
  }

  /** One wrong piece of each web seed, once none of them can bring anything that is still needed; undefined until then. */
  get provenBad(): readonly WebPiece[] | undefined {
    const bad = this.#sources.flatMap(({ index, badPiece }) =>
      badPiece === undefined ? [] : [{ webSeed: index, piece: badPiece }],
    );
    return bad.length > 0 && !this.#canBringMore() ? bad : undefined;
  }

  /** `held` while the piece's bytes are under way, `planned` while peers may still take it off the run. */
  reservationOf(piece: number): 'none' | 'planned' | 'held' {
    const run = this.#runs.holderOf(piece);
    if (!run) return 'none';
    return run.next === piece ? 'held' : 'planned';
  }

  bytesPerSecond(nowMs: number): number {
    return this.#sources.reduce((sum, source) => sum + source.meter.bytesPerSecond(nowMs), 0);
  }

  /** Starts runs where HTTP is needed and cuts from running ones what peers can bring. */
  plan(situation: WebSeedSituation, nowMs: number): void {
    for (const run of this.#runs) this.#cutUnneeded(run, situation);
    this.#thinOut(situation, nowMs);
    if (!this.#isOurTurn(situation, nowMs)) return;
    this.#employAll(situation, nowMs);
    this.#makeWay(situation);
    this.#makeWayForFirst(situation, nowMs);
  }

  #employAll(situation: WebSeedSituation, nowMs: number): void {
    for (const tier of this.#tiers) {
      for (const source of fastestFirst(tier)) this.#employ(source, situation, nowMs);
      // The next tier stands in while this one brings nothing.
      if (tier.some((source) => this.#runs.of(source).some((run) => nowMs - run.lastBytesMs < STUCK_RUN_MS))) return;
    }
  }

  /** A peer was asked for a piece of a run: the run ends before it. */
  pieceTakenByPeer(piece: number): void {
    const run = this.#runs.holderOf(piece);
    if (run) this.#runs.shorten(run, piece);
  }

  bytesReceived(runId: number, lengthBytes: number, nowMs: number): void {
    this.#rawBytes += lengthBytes;
    const run = this.#runs.get(runId);
    if (!run) return;
    run.receivedBytes += lengthBytes;
    run.lastBytesMs = nowMs;
    run.source.received(run, lengthBytes, nowMs);
  }

  /** A whole piece came. Returns the seed's index; undefined when it is not of a run, or past the run's end. */
  pieceReceived(runId: number, piece: number): number | undefined {
    const run = this.#runs.get(runId);
    if (!run || piece < run.next || piece >= run.end) return undefined;
    run.source.delivered(run, piece);
    this.#runs.advance(run, piece);
    return run.source.index;
  }

  ended(runId: number): void {
    const run = this.#runs.get(runId);
    if (run) this.#runs.close(run);
  }

  failed(runId: number, retryAfterMs: number | undefined, nowMs: number): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    this.#runs.close(run);
    run.source.failed(retryAfterMs, this.#random(), nowMs);
  }

  /** A piece of a seed was compared with its hash. */
  judged({ webSeed, piece }: WebPiece, result: 'good' | 'bad'): void {
    const source = this.#sources[webSeed];
    if (!source) return;
    if (result === 'good') {
      source.sentGood(piece);
      return;
    }
    source.sentBad(piece);
    // What follows may be as wrong: it goes on elsewhere.
    for (const run of this.#runs.of(source)) this.#runs.shorten(run, run.next);
  }

  /** Ends every run; what is under way is given up. */
  stopAll(): void {
    this.#runs.endAll();
  }

  #thinOut({ need, peerCount, crowdSize, urgent }: WebSeedSituation, nowMs: number): void {
    if (peerCount === 0 || need !== 'unavailable_only' || urgent.size > 0) return;
    for (const run of this.#runs) {
      const pieceBytes = this.#ledger.layout.filledBytes(run.next);
      if (this.#lottery.givesUp(run, pieceBytes, crowdSize, nowMs)) this.#runs.shorten(run, run.next);
    }
  }

  /** Alone, or where peers are not enough, there is nothing to leave to others. */
  #isOurTurn({ need, peerCount, crowdSize, urgent }: WebSeedSituation, nowMs: number): boolean {
    if (peerCount === 0 || need !== 'unavailable_only' || urgent.size > 0) return true;
    const { unavailableCount } = this.#ledger.rarity;
    return this.#lottery.mayFetch({ unavailableCount, crowdSize, seenCount: peerCount + 1 }, nowMs);
  }

  /** What somebody waits for does not wait for the end of a run that is at work elsewhere. */
  #makeWay({ urgent }: WebSeedSituation): void {
    if (urgent.size === 0) return;
    const elsewhere = [...this.#runs].filter((run) => !this.#comesToUrgent(run, urgent));
    // The first that ends is put to work there.
    if (elsewhere.some((run) => run.next + 1 >= run.end)) return;
    for (const piece of urgent) {
      const holder = this.#runs.holderOf(piece);
      const isComing = holder !== undefined && !elsewhere.includes(holder);
      // A piece that is open comes from peers, or is taken up when they are late with it.
      if (isComing || !this.#ledger.isNeeded(piece) || this.#ledger.openPiece(piece)) continue;
      const run = elsewhere.find(({ source }) => source.mayBring(piece));
      if (!run) continue;
      this.#runs.shorten(run, run.next + 1);
      return;
    }
  }

  /** Nor does what is to come first wait for runs that began before that was said. */
  #makeWayForFirst(situation: WebSeedSituation, nowMs: number): void {
    const { rarity } = this.#ledger;
    for (let tier = 0; tier < rarity.tierCount - 1; tier += 1) {
      const behind = [...this.#runs].filter((run) => rarity.tierOf(run.end - 1) > tier);
      const { start, end } = rarity.tier(tier);
      for (let place = start; behind.length > 0 && place < end; place += 1) {
        const run = behind.find(({ source }) => this.#planner.isFree(rarity.at(place), source, situation, nowMs));
        if (!run) continue;
        // The first that ends is put to work there.
        if (behind.every(({ next, end: last }) => next + 1 < last)) this.#runs.shorten(run, run.next + 1);
        return;
      }
    }
  }

  #comesToUrgent(run: WebRun, urgent: ReadonlySet<number>): boolean {
    let lengthBytes = 0;
    for (let piece = run.next; piece < run.end && lengthBytes <= SOON_BYTES; piece += 1) {
      if (urgent.has(piece) && this.#ledger.isNeeded(piece)) return true;
      lengthBytes += this.#ledger.layout.filledBytes(piece);
    }
    return false;
  }

  #employ(source: WebSource, situation: WebSeedSituation, nowMs: number): void {
    if (!source.mayBeAsked(nowMs)) return;
    const runsMax = situation.peerCount === 0 && !source.isFailing ? LONE_RUNS_MAX : 1;
    while (this.#runs.of(source).length < runsMax) {
      let pieces = this.#planner.next(source, situation, nowMs);
      if (pieces.length === 0 && this.#runs.of(source).length === 0) {
        const first = this.#takeOver(source, nowMs);
        if (first !== undefined) pieces = this.#planner.next(source, situation, nowMs, first);
      }
      if (pieces.length === 0) return;
      this.#runs.start(source, pieces, nowMs);
    }
  }

  /** Of the run that would take longest, takes the part that this seed would bring sooner. Returns where that begins. */
  #takeOver(source: WebSource, nowMs: number): number | undefined {
    let slowest: { readonly run: WebRun; readonly rate: number; readonly leftBytes: number } | undefined;
    for (const run of this.#runs) {
      if (run.source === source) continue;
      const isStuck = nowMs - run.lastBytesMs >= STUCK_RUN_MS;
      const rate = isStuck ? 0 : run.source.meter.bytesPerSecond(nowMs) / this.#runs.of(run.source).length;
      const leftBytes = this.#lengthBytes(run.next, run.end);
      if (!isStuck && leftBytes * 1000 <= rate * TAKE_OVER_MS_MIN) continue;
      if (!isStuck && rate === 0) continue;
      if (!slowest || leftBytes * slowest.rate > slowest.leftBytes * rate) slowest = { run, rate, leftBytes };
    }
    if (!slowest) return undefined;
    const { run, rate, leftBytes } = slowest;
    if (rate === 0) {
      this.#runs.shorten(run, run.next);
      run.source.failed(undefined, this.#random(), nowMs);
      return run.next;
    }
    const keptBytes = (leftBytes * rate) / (rate + (source.lastRate ?? rate));
    let end = run.next + 1;
    while (end < run.end && this.#lengthBytes(run.next, end + 1) <= keptBytes) end += 1;
    if (end >= run.end) return undefined;
    this.#runs.shorten(run, end);
    return end;
  }

  /** A run ends before the first piece that peers have by now, unless HTTP is wanted for it all the same. */
  #cutUnneeded(run: WebRun, situation: WebSeedSituation): void {
    for (let piece = run.next + 1; piece < run.end; piece += 1) {
      if (this.#runs.holderOf(piece) !== run || !this.#planner.isUnneeded(piece, situation)) continue;
      this.#runs.shorten(run, piece);
      return;
    }
  }

  #canBringMore(): boolean {
    const usable = this.#sources.filter((source) => !source.isGivenUp);
    if (usable.length === 0) return false;
    const mayCome = (piece: number): boolean => usable.some((source) => source.mayBring(piece));
    const { rarity, openPieces } = this.#ledger;
    for (let place = 0; place < rarity.size; place += 1) if (mayCome(rarity.at(place))) return true;
    for (const { piece } of openPieces) if (mayCome(piece)) return true;
    return false;
  }

  #lengthBytes(first: number, end: number): number {
    let lengthBytes = 0;
    for (let piece = first; piece < end; piece += 1) lengthBytes += this.#ledger.layout.filledBytes(piece);
    return lengthBytes;
  }
}

/** One that was never asked may be the fastest. */
function fastestFirst(sources: readonly WebSource[]): readonly WebSource[] {
  return sources.length < 2 ? sources : sources.toSorted((a, b) => rateOf(b) - rateOf(a));
}

function rateOf({ lastRate }: WebSource): number {
  return lastRate ?? Number.MAX_VALUE;
}
