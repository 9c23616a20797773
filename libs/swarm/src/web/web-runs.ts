import type { Outbox } from '../command.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { WebSource } from './web-source.ts';

/** Whole pieces in a row that one web seed is asked for. */
export interface WebRun {
  readonly runId: number;
  readonly source: WebSource;
  /** The piece under way; those before it are here. */
  next: number;
  end: number;
  receivedBytes: number;
  readonly startedMs: number;
  lastBytesMs: number;
  /** Whether it was found to be worth its while, or not, among a crowd. */
  isJudged: boolean;
}

/** Runs under way and the pieces that they hold: a piece is held by one run at most. Runs only ever get shorter. */
export class WebRuns {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #runs = new Map<number, WebRun>();
  readonly #holders = new Map<number, WebRun>();
  #lastRunId = 0;

  constructor(ledger: PieceLedger, outbox: Outbox) {
    this.#ledger = ledger;
    this.#outbox = outbox;
  }

  [Symbol.iterator](): Iterator<WebRun> {
    return this.#runs.values();
  }

  get(runId: number): WebRun | undefined {
    return this.#runs.get(runId);
  }

  of(source: WebSource): readonly WebRun[] {
    return [...this.#runs.values()].filter((run) => run.source === source);
  }

  holderOf(piece: number): WebRun | undefined {
    return this.#holders.get(piece);
  }

  /** @param pieces In order: the run reaches from the first to the last, and holds these. */
  start(source: WebSource, pieces: readonly number[], nowMs: number): WebRun {
    const first = pieces[0] ?? 0;
    const end = (pieces.at(-1) ?? first - 1) + 1;
    this.#lastRunId += 1;
    const run: WebRun = {
      runId: this.#lastRunId,
      source,
      next: first,
      end,
      receivedBytes: 0,
      startedMs: nowMs,
      lastBytesMs: nowMs,
      isJudged: false,
    };
    for (const piece of pieces) this.#holders.set(piece, run);
    this.#runs.set(run.runId, run);
    source.goOnAt = end;
    this.#outbox.put({
      kind: 'fetch',
      runId: run.runId,
      webSeed: source.index,
      firstPiece: first,
      pieceCount: end - first,
    });
    return run;
  }

  /** A piece of the run is here, and with it all before. */
  advance(run: WebRun, piece: number): void {
    this.#letGo(run, run.next, piece + 1);
    run.next = piece + 1;
    if (run.next >= run.end) this.close(run);
  }

  /** The run ends before this piece. */
  shorten(run: WebRun, endPiece: number): void {
    const end = Math.max(run.next, Math.min(run.end, endPiece));
    this.#letGo(run, end, run.end);
    run.end = end;
    run.source.goOnAt = undefined;
    this.#outbox.put({ kind: 'shorten_fetch', runId: run.runId, endPiece: end });
    if (end <= run.next) this.close(run);
  }

  /** Ends every run; what is under way is given up. */
  endAll(): void {
    for (const run of this.#runs.values()) this.shorten(run, run.next);
  }

  close(run: WebRun): void {
    this.#letGo(run, run.next, run.end);
    this.#runs.delete(run.runId);
  }

  #letGo(run: WebRun, firstPiece: number, endPiece: number): void {
    for (let piece = firstPiece; piece < endPiece; piece += 1)
      if (this.#holders.get(piece) === run) this.#holders.delete(piece);
    this.#ledger.piecesFreed();
  }
}
