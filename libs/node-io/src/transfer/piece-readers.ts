import type { Metainfo, PieceRange } from '@swarmpatch/metainfo';
import type { Swarm } from '@swarmpatch/swarm';

import type { ServedPieces } from './served-pieces.ts';
import { TransferError } from './transfer-error.ts';

/** What comes next for a reader is fetched while it reads. */
export const READ_AHEAD_BYTES: number = 8 * 1024 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

interface Waiter {
  readonly ranges: readonly PieceRange[];
  settle(error?: unknown): void;
}

/** Reads of files that are not whole yet: what a reader waits for is fetched first, and nothing unverified is given out. */
export class PieceReaders {
  readonly #metainfo: Metainfo;
  readonly #swarm: Swarm;
  readonly #served: ServedPieces;
  readonly #onChange: () => void;
  readonly #waiters = new Set<Waiter>();
  /** What each reader is at. */
  readonly #windows = new Map<symbol, PieceRange>();
  #end: Error | undefined;

  constructor(options: { metainfo: Metainfo; swarm: Swarm; served: ServedPieces; onChange: () => void }) {
    this.#metainfo = options.metainfo;
    this.#swarm = options.swarm;
    this.#served = options.served;
    this.#onChange = options.onChange;
  }

  /** Resolves when all these pieces are here. @throws {TransferError} when the transfer ends before; the signal's reason */
  async whenHere(ranges: readonly PieceRange[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#end) throw this.#end;
    if (this.#areHere(ranges)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        ranges,
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
    });
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
    const endPiece = Math.ceil((offsetBytes + end) / pieceLengthBytes);
    const aheadPieces = Math.max(2, Math.ceil(READ_AHEAD_BYTES / pieceLengthBytes));
    try {
      for (let at = begin; at < end;) {
        const piece = Math.floor((offsetBytes + at) / pieceLengthBytes);
        this.#window(reader, { first: piece, end: Math.min(endPiece, piece + aheadPieces) });
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
    for (const waiter of this.#waiters) if (this.#areHere(waiter.ranges)) waiter.settle();
  }

  /** Nothing more will come. */
  stop(error: Error): void {
    this.#end ??= error;
    for (const waiter of this.#waiters) waiter.settle(error);
  }

  #areHere(ranges: readonly PieceRange[]): boolean {
    return ranges.every(({ first, end }) => this.#swarm.missingWithin(first, end) === 0);
  }

  #window(reader: symbol, window: PieceRange | undefined): void {
    const before = this.#windows.get(reader);
    if (before?.first === window?.first && before?.end === window?.end) return;
    if (window) this.#windows.set(reader, window);
    else this.#windows.delete(reader);
    if (this.#end) return;
    this.#swarm.readAhead([...this.#windows.values()].filter((each) => !this.#areHere([each])));
    this.#onChange();
  }
}
