import type { Metainfo, PieceRange } from '@swarmpatch/metainfo';
import type { Bitfield, Swarm } from '@swarmpatch/swarm';

import type { ServedPieces } from './served-pieces.ts';
import { TransferError } from './transfer-error.ts';

/** What comes next for a reader is fetched while it reads. */
export const READ_AHEAD_BYTES: number = 8 * 1024 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

interface Waiter {
  readonly ranges: readonly PieceRange[];
  /** The first of the ranges that was not whole at the last look. */
  next: number;
  settle(error?: unknown): void;
}

/** Reads of files that are not whole yet: what a reader waits for is fetched first, and nothing unverified is given out. */
export class PieceReaders {
  readonly #metainfo: Metainfo;
  readonly #wanted: Bitfield | undefined;
  readonly #swarm: Swarm;
  readonly #served: ServedPieces;
  readonly #onChange: () => void;
  readonly #waiters = new Set<Waiter>();
  /** What each reader is at. */
  readonly #windows = new Map<symbol, PieceRange>();
  #end: Error | undefined;

  constructor(options: {
    metainfo: Metainfo;
    /** All, unless given. */
    wanted: Bitfield | undefined;
    swarm: Swarm;
    served: ServedPieces;
    onChange: () => void;
  }) {
    this.#metainfo = options.metainfo;
    this.#wanted = options.wanted;
    this.#swarm = options.swarm;
    this.#served = options.served;
    this.#onChange = options.onChange;
  }

  /** Resolves when all these pieces are here. @throws {TransferError} when the transfer ends before; the signal's reason */
  async whenHere(ranges: readonly PieceRange[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#end) throw this.#end;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        ranges,
        next: 0,
        settle: (error) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error('read a file: it was given up', { cause: error }));
        },
      };
      const onAbort = (): void => {
        waiter.settle(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort);
      this.#waiters.add(waiter);
      this.#lookFor(waiter);
    });
  }

  /** Whether all bytes of a file from `begin` on and before `end` are here or being fetched. */
  expects(fileIndex: number, begin: number, end: number): boolean {
    const { first, end: endPiece } = this.#piecesOf(fileIndex, begin, end);
    for (let piece = first; piece < endPiece; piece += 1) {
      const isComing = !this.#swarm.isComplete && this.#wanted?.has(piece) !== false;
      if (!isComing && !this.#areHere([{ first: piece, end: piece + 1 }])) return false;
    }
    return true;
  }

  /**
   * The bytes of a file from `begin` on and before `end`, as they become available.
   *
   * @throws {TransferError} `file_damaged`, and when the transfer ends before; the signal's reason
   */
  async *read(fileIndex: number, begin: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { geometry, pieceLengthBytes, files } = this.#metainfo;
    const offsetBytes = files[fileIndex]?.offsetBytes ?? 0;
    const reader = Symbol('reader');
    const { end: endPiece } = this.#piecesOf(fileIndex, begin, end);
    const aheadPieces = Math.max(2, Math.ceil(READ_AHEAD_BYTES / pieceLengthBytes));
    try {
      for (let at = begin; at < end;) {
        const piece = Math.floor((offsetBytes + at) / pieceLengthBytes);
        this.#pullAhead(reader, piece, Math.min(endPiece, piece + aheadPieces));
        await this.whenHere([{ first: piece, end: piece + 1 }], signal);
        const inPiece = offsetBytes + at - piece * pieceLengthBytes;
        const leftBytes = Math.min(end - at, geometry.pieceSizeBytes(piece) - inPiece);
        const lengthBytes = Math.min(leftBytes, CHUNK_BYTES_MAX);
        const bytes = await this.#served.load({ piece, begin: inPiece, lengthBytes });
        if (typeof bytes === 'string') {
          throw new TransferError(
            'file_damaged',
            `read ${files[fileIndex]?.path ?? ''}: piece ${piece} is ${bytes} on disk`,
          );
        }
        // The memory is used again in the next turn.
        yield bytes.slice();
        at += lengthBytes;
      }
    } finally {
      this.#window(reader, undefined);
    }
  }

  /** The engine may have more pieces now. */
  look(): void {
    for (const waiter of this.#waiters) this.#lookFor(waiter);
  }

  /** Nothing more will come. */
  stop(error: Error): void {
    this.#end ??= error;
    for (const waiter of this.#waiters) waiter.settle(error);
  }

  /** Goes on where the last look ended: files that come first can be many, and something comes all the time. */
  #lookFor(waiter: Waiter): void {
    for (; waiter.next < waiter.ranges.length; waiter.next += 1) {
      if (!this.#areHere(waiter.ranges.slice(waiter.next, waiter.next + 1))) return;
    }
    waiter.settle();
  }

  #piecesOf(fileIndex: number, begin: number, end: number): PieceRange {
    const { pieceLengthBytes, files } = this.#metainfo;
    const offsetBytes = files[fileIndex]?.offsetBytes ?? 0;
    const first = Math.floor((offsetBytes + begin) / pieceLengthBytes);
    return { first, end: begin < end ? Math.ceil((offsetBytes + end) / pieceLengthBytes) : first };
  }

  #areHere(ranges: readonly PieceRange[]): boolean {
    return ranges.every(({ first, end }) => this.#swarm.missingWithin(first, end) === 0);
  }

  /** In steps of half a window: each is a new order of all pieces. */
  #pullAhead(reader: symbol, piece: number, end: number): void {
    const known = this.#windows.get(reader);
    const isFarEnough = known && (known.end === end || known.end - piece > (known.end - known.first) / 2);
    if (!isFarEnough) this.#window(reader, { first: piece, end });
  }

  #window(reader: symbol, window: PieceRange | undefined): void {
    if (window) this.#windows.set(reader, window);
    else this.#windows.delete(reader);
    if (this.#end) return;
    this.#swarm.readAhead([...this.#windows.values()].filter((each) => !this.#areHere([each])));
    this.#onChange();
  }
}
