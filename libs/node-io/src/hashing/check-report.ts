import type { Metainfo } from '@swarmpatch/metainfo';

import type { ReadStatus } from './hash-job.ts';
import type { FileToHash } from './part-batches.ts';
import { unreadable } from './scan-error.ts';

/** The file is not there, or something that is not a file is in its place. */
export const MISSING_CODES: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO']);

export interface DamagedFile {
  readonly fileIndex: number;
  /** Pieces of the torrent that do not match; empty when the file is right as far as it should go, but longer. */
  readonly pieces: readonly number[];
}

export interface CheckedFiles {
  readonly damaged: readonly DamagedFile[];
  readonly missing: readonly number[];
  /** Bitfield, first piece in the highest bit of the first byte. */
  readonly havePieces: Uint8Array;
}

/** Gathers what was found; the same file or piece may be named many times. */
export class CheckReport {
  readonly #metainfo: Metainfo;
  readonly #missing = new Set<number>();
  /** By file; a file is damaged once it has an entry. */
  readonly #badPieces = new Map<number, Set<number>>();
  readonly #have: Uint8Array;

  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo;
    this.#have = new Uint8Array(Math.ceil(metainfo.pieceCount / 8));
  }

  miss(fileIndex: number): void {
    this.#missing.add(fileIndex);
  }

  damage(fileIndex: number): void {
    if (!this.#badPieces.has(fileIndex)) this.#badPieces.set(fileIndex, new Set());
  }

  piece(piece: number, state: 'good' | 'bad'): void {
    if (state === 'good') {
      this.#have[piece >>> 3] = (this.#have[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
      return;
    }
    for (const { fileIndex } of this.#metainfo.geometry.filesOfPiece(piece)) {
      this.damage(fileIndex);
      this.#badPieces.get(fileIndex)?.add(piece);
    }
  }

  /** How reading went: what a torrent's file may be on disk, apart from its bytes. */
  read(fileIndex: number, file: FileToHash, status: ReadStatus, fileLengthBytes: number): void {
    if (MISSING_CODES.has(status)) this.miss(fileIndex);
    else if (status !== 'read' && status !== 'ended') throw unreadable(file.path, status);
    else if (fileLengthBytes !== file.lengthBytes) this.damage(fileIndex);
  }

  result(): CheckedFiles {
    const damaged = [...this.#badPieces]
      .filter(([fileIndex]) => !this.#missing.has(fileIndex))
      .map(([fileIndex, pieces]) => ({ fileIndex, pieces: [...pieces].sort((a, b) => a - b) }))
      .sort((a, b) => a.fileIndex - b.fileIndex);
    return { damaged, missing: [...this.#missing].sort((a, b) => a - b), havePieces: this.#have };
  }
}
