import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { WebRuns } from './web-runs.ts';
import type { WebSeedNeed } from './web-seed-policy.ts';
import { WebSlices } from './web-slices.ts';
import type { WebSource } from './web-source.ts';

/** A run takes about so long at the seed's rate. */
const RUN_SECONDS = 4;
const RUN_BYTES_FIRST: number = 4 * 1024 * 1024;
/** Shorter ones cost a server more than they bring; only gaps that are shorter themselves are asked for so. */
export const RUN_BYTES_MIN: number = 512 * 1024;
export const RUN_BYTES_MAX: number = 64 * 1024 * 1024;
/** So much between two wanted pieces is rather fetched for nothing than asked around: small files that are here already. */
export const GAP_BYTES_MAX: number = 32 * 1024;
/** An open piece without news for so long counts as stuck. */
const STUCK_PIECE_MS = 3_000;
const STUCK_TAIL_MS = 1_000;
const STUCK_URGENT_MS = 500;
/** Places that are tried at random before all are looked at. */
export const STARTS_TRIED_MAX = 8;

/** What the swarm knows when runs are planned. */
export interface WebSeedSituation {
  readonly need: WebSeedNeed;
  readonly peerCount: number;
  /** All who lack pieces, this client included, as far as is known. */
  readonly crowdSize: number;
  /** Peers with every piece; the others are counted in the rarity order. */
  readonly seedCount: number;
  readonly downloadLimitBytesPerSecond: number;
  /** Pieces that somebody waits for. */
  readonly urgent: ReadonlySet<number>;
}

/** Chooses what a web seed is asked for next: what nobody has, in long stretches, away from where others are at work. */
export class RunPlanner {
  readonly #ledger: PieceLedger;
  readonly #runs: WebRuns;
  readonly #slices: WebSlices;
  readonly #random: () => number;
  /** Pieces of full length that make the shortest run, and the first. */
  readonly #leastPieces: number;
  readonly #firstPieces: number;

  constructor(options: { ledger: PieceLedger; runs: WebRuns; random: () => number }) {
    this.#ledger = options.ledger;
    this.#runs = options.runs;
    this.#slices = new WebSlices(options.ledger.layout);
    this.#random = options.random;
    const { pieceLengthBytes } = options.ledger.layout;
    this.#leastPieces = Math.ceil(RUN_BYTES_MIN / pieceLengthBytes);
    this.#firstPieces = Math.ceil(RUN_BYTES_FIRST / pieceLengthBytes);
  }

  /** The pieces of the next run, in order; none when the source has nothing to do. @param firstPiece Where it is to begin. */
  next(source: WebSource, situation: WebSeedSituation, nowMs: number, firstPiece?: number): readonly number[] {
    const isFree = (piece: number): boolean => this.isFree(piece, source, situation, nowMs);
    // Alone, slices are nobody's help: a run is as long as it can be.
    const isAlone = situation.peerCount === 0 && source.lastRate !== undefined;
    const first = firstPiece ?? this.#start(source, situation, { isFree, isAlone });
    if (first === undefined || !isFree(first)) return [];
    // Who reads goes on reading behind what he waits for.
    const tierMax = situation.urgent.has(first) ? Infinity : this.#ledger.rarity.tierOf(first);
    return this.#stretch(first, runBytes(source, situation, nowMs), { isFree, isAlone, tierMax });
  }

  /** Whether HTTP is not wanted for a piece any more. */
  isUnneeded(piece: number, { need, seedCount, urgent }: WebSeedSituation): boolean {
    if (!this.#ledger.isNeeded(piece)) return true;
    const isAvailable = seedCount > 0 || this.#ledger.rarity.count(piece) > 0;
    return isAvailable && need === 'unavailable_only' && !urgent.has(piece);
  }

  /** Whether the source is to bring a piece that no run holds. */
  isFree(piece: number, source: WebSource, situation: WebSeedSituation, nowMs: number): boolean {
    const { need, seedCount, urgent } = situation;
    if (this.#runs.holderOf(piece) || !this.#ledger.isNeeded(piece) || !source.mayBring(piece)) return false;
    if (this.#ledger.isLeftToOthers(piece)) return false;
    const isUnavailable = seedCount === 0 && this.#ledger.rarity.count(piece) === 0;
    const isUrgent = urgent.has(piece);
    const open = this.#ledger.openPiece(piece);
    if (!open) return isUnavailable || isUrgent || need !== 'unavailable_only';
    if (isUnavailable && open.askedCount === 0) return true;
    const quietMs = nowMs - open.lastBlockMs;
    if (isUrgent && quietMs >= STUCK_URGENT_MS) return true;
    if (need === 'tail') return quietMs >= STUCK_TAIL_MS || open.receivedCount * 2 < open.blockCount;
    return need === 'any' && quietMs >= STUCK_PIECE_MS;
  }

  #start(source: WebSource, situation: WebSeedSituation, { isFree, isAlone }: Choice): number | undefined {
    for (const piece of situation.urgent) if (isFree(piece)) return piece;
    const { rarity } = this.#ledger;
    const further = this.#further(source, { isFree, isAlone });
    for (let tier = 0; tier < rarity.tierCount; tier += 1) {
      if (further !== undefined && rarity.tierOf(further) === tier) return further;
      const { start, unavailableEnd, end } = rarity.tier(tier);
      // Pieces of peers that have everything are not counted: with such a peer, nothing is unavailable.
      const rare = situation.seedCount > 0 ? start : unavailableEnd;
      const piece =
        this.#amid({ start, end: rare }, { isFree, isAlone }) ??
        (situation.need === 'unavailable_only' ? undefined : this.#amid({ start, end }, { isFree, isAlone }));
      if (piece !== undefined) return piece;
    }
    for (const { piece } of this.#ledger.openPieces) if (isFree(piece)) return piece;
    return undefined;
  }

  /** Where the source left off, within its slice. */
  #further({ goOnAt }: WebSource, { isFree, isAlone }: Choice): number | undefined {
    if (goOnAt === undefined) return undefined;
    const end = isAlone ? this.#ledger.layout.pieceCount : this.#slices.endOf(goOnAt - 1);
    let piece = goOnAt;
    while (piece < end && this.#isSpare(piece)) piece += 1;
    return piece < end && isFree(piece) ? piece : undefined;
  }

  /** Somewhere among these places of the rarity order: nobody knows of the others who begin now, so each begins elsewhere. */
  #amid(places: { readonly start: number; readonly end: number }, choice: Choice): number | undefined {
    const { rarity } = this.#ledger;
    const count = places.end - places.start;
    for (let tries = 0; tries < Math.min(count, STARTS_TRIED_MAX); tries += 1) {
      // Not the longest gap: it is what everybody else would choose, too.
      const piece = rarity.at(places.start + Math.floor(this.#random() * count));
      if (choice.isFree(piece)) return this.#startOfGap(piece, choice);
    }
    for (let place = places.start; place < places.end; place += 1)
      if (choice.isFree(rarity.at(place))) return rarity.at(place);
    return undefined;
  }

  /** Runs begin where others' would, too; alone, they fill gaps from the start, so that there are few of them. */
  #startOfGap(piece: number, { isFree, isAlone }: Choice): number {
    const least = isAlone ? Math.max(0, piece - this.#firstPieces) : this.#slices.stepOf(piece);
    let start = piece;
    while (start > least && isFree(start - 1)) start -= 1;
    return start;
  }

  /** The free pieces from the first on that are within reach of one run; of a lower priority only those between others. */
  #stretch(first: number, lengthBytesMax: number, choice: Choice & { readonly tierMax: number }): number[] {
    const { isFree, isAlone, tierMax } = choice;
    const { layout, rarity } = this.#ledger;
    // Close before a slice's end, the next slice is begun: a run is never short for that.
    const least = Math.min(first + this.#leastPieces, layout.pieceCount);
    const end = isAlone ? layout.pieceCount : this.#slices.endOf(least - 1);
    const pieces: number[] = [];
    let between: number[] = [];
    let lengthBytes = 0;
    let gapBytes = 0;
    for (let piece = first; piece < end; piece += 1) {
      const pieceBytes = layout.filledBytes(piece);
      lengthBytes += pieceBytes;
      if (lengthBytes > lengthBytesMax && pieces.length > 0) return isAlone ? pieces : this.#toWholeSteps(pieces);
      const isOwed = isFree(piece);
      if (isOwed && rarity.tierOf(piece) <= tierMax) {
        pieces.push(...between, piece);
        between = [];
        gapBytes = 0;
      } else {
        gapBytes += pieceBytes;
        if ((!isOwed && !this.#isSpare(piece)) || gapBytes > GAP_BYTES_MAX) return pieces;
        if (isOwed) between.push(piece);
      }
    }
    return pieces;
  }

  #toWholeSteps(pieces: number[]): number[] {
    const end = this.#slices.stepOf((pieces.at(-1) ?? 0) + 1);
    return end > (pieces[0] ?? 0) ? pieces.filter((piece) => piece < end) : pieces;
  }

  /** Neither wanted any more nor under way: here already, or never wanted. */
  #isSpare(piece: number): boolean {
    return !this.#runs.holderOf(piece) && !this.#ledger.isNeeded(piece);
  }
}

interface Choice {
  readonly isFree: (piece: number) => boolean;
  readonly isAlone: boolean;
}

function runBytes(source: WebSource, { downloadLimitBytesPerSecond }: WebSeedSituation, nowMs: number): number {
  const rate = source.meter.bytesPerSecond(nowMs);
  const byRate = rate === 0 ? RUN_BYTES_FIRST : rate * RUN_SECONDS;
  return Math.max(RUN_BYTES_MIN, Math.min(byRate, downloadLimitBytesPerSecond * RUN_SECONDS, RUN_BYTES_MAX));
}
