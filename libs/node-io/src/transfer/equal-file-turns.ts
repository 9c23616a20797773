import type { PieceRange } from '@swarmpatch/metainfo';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

import type { FileSharer, Place } from './file-sharer.ts';

/** Without a new piece of it for so long, a file is not waited for any more: it may come from both swarms then. */
export const EQUAL_FILE_WAIT_MS_MAX = 10_000;
/** A file below one block costs one request: waiting would cost more. */
export const EQUAL_FILE_BYTES_MIN: number = BLOCK_LENGTH_BYTES;

const LOOK_MS = 500;
/** Longer ago, nothing ran: that is nobody's fault. */
const PAUSE_MS = 2_000;

interface Turn {
  readonly leader: Place | undefined;
  /** Of all who lack some. */
  piecesLeft: number;
  sinceMs: number;
}

/**
 * Lets one torrent fetch a file that several lack; none where one has it whole. The others wait for its pieces, as long as they
 * come.
 */
export class EqualFileTurns {
  readonly #turns = new Map<string, Turn>();
  /** Files that stopped coming once: nobody waits for them again. */
  readonly #free = new Set<string>();
  /** What each torrent was told to wait for. */
  readonly #told = new Map<FileSharer, string>();
  #lookedMs = -Infinity;
  #isDue = false;

  /** Another torrent came: it is told at the next look, before it asks for anything. */
  lookSoon(): void {
    this.#isDue = true;
  }

  /** @param files By pieces root, the places of a file that belongs in several. To be called often. */
  look(files: Iterable<readonly [root: string, places: readonly Place[]]>, nowMs: number): void {
    const quietMs = nowMs - this.#lookedMs;
    if (quietMs < LOOK_MS && !this.#isDue) return;
    this.#isDue = false;
    this.#lookedMs = nowMs;
    if (quietMs > PAUSE_MS) for (const turn of this.#turns.values()) turn.sinceMs = nowMs;
    const awaited = new Map<FileSharer, PieceRange[]>();
    for (const [root, places] of files) {
      for (const { sharer, fileIndex } of this.#waiting(root, places, nowMs)) {
        const ranges = awaited.get(sharer) ?? [];
        ranges.push(sharer.metainfo.geometry.piecesOfFile(fileIndex));
        awaited.set(sharer, ranges);
      }
    }
    for (const sharer of this.#told.keys()) if (!awaited.has(sharer)) this.#tell(sharer, []);
    for (const [sharer, ranges] of awaited) this.#tell(sharer, ranges);
  }

  /** The file cannot be copied: whoever lacks it asks for it. */
  giveUp(root: string): void {
    this.#turns.delete(root);
    this.#free.add(root);
    this.#isDue = true;
  }

  forget(sharer: FileSharer): void {
    this.#told.delete(sharer);
  }

  /** Who is to wait for a file. */
  #waiting(root: string, places: readonly Place[], nowMs: number): Place[] {
    if (this.#free.has(root)) return [];
    const lacking = places.filter((place) => !place.sharer.isOver && piecesLeft(place) > 0);
    const holder = places.find(isWhole);
    if (lacking.length === 0 || (lacking.length === 1 && !holder)) {
      this.#turns.delete(root);
      return [];
    }
    const left = lacking.reduce((sum, place) => sum + piecesLeft(place), 0);
    const turn = this.#turnOf(root, lacking, holder) ?? this.#begin(root, holder ?? leastLacking(lacking), nowMs);
    if (left !== turn.piecesLeft) turn.sinceMs = nowMs;
    turn.piecesLeft = left;
    if (nowMs - turn.sinceMs < EQUAL_FILE_WAIT_MS_MAX) return lacking.filter((place) => place !== turn.leader);
    this.giveUp(root);
    return [];
  }

  #turnOf(root: string, lacking: readonly Place[], holder: Place | undefined): Turn | undefined {
    const turn = this.#turns.get(root);
    return turn && (holder ? turn.leader === holder : turn.leader !== undefined && lacking.includes(turn.leader))
      ? turn
      : undefined;
  }

  #begin(root: string, leader: Place | undefined, nowMs: number): Turn {
    const turn = { leader, piecesLeft: 0, sinceMs: nowMs };
    this.#turns.set(root, turn);
    return turn;
  }

  #tell(sharer: FileSharer, ranges: readonly PieceRange[]): void {
    const told = ranges.map(({ first, end }) => `${first}-${end}`).join();
    if ((this.#told.get(sharer) ?? '') === told) return;
    if (told === '') this.#told.delete(sharer);
    else this.#told.set(sharer, told);
    sharer.leaveToOthers(ranges);
  }
}

function isWhole({ sharer, fileIndex }: Place): boolean {
  const { first, end } = sharer.metainfo.geometry.piecesOfFile(fileIndex);
  return !sharer.isOver && sharer.has(first, end);
}

function leastLacking(places: readonly Place[]): Place | undefined {
  const [first, ...rest] = places;
  return rest.reduce((best, place) => (best && bytesLeft(best) <= bytesLeft(place) ? best : place), first);
}

function piecesLeft({ sharer, fileIndex }: Place): number {
  const { first, end } = sharer.metainfo.geometry.piecesOfFile(fileIndex);
  let left = 0;
  for (let piece = first; piece < end; piece += 1) if (sharer.needs(piece)) left += 1;
  return left;
}

/** To the piece. */
function bytesLeft(place: Place): number {
  return piecesLeft(place) * place.sharer.metainfo.pieceLengthBytes;
}
