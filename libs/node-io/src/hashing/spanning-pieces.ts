import type { PieceGeometry } from '@swarmpatch/metainfo';

import type { HashFilesOptions } from './hash-files.ts';
import type { HashJob, StreamJob, StreamSlice } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { JOB_LENGTH_BYTES, partOf, refuse } from './part-batches.ts';
import type { FileToHash } from './part-batches.ts';

/**
 * v1 hashes of pieces that span files, in one read.
 *
 * @returns SHA-1 of each piece, 20 bytes each.
 * @throws {ScanError} `file_changed`, `unreadable`, `not_found`
 */
export async function hashSpanningPieces(
  pool: HashPool,
  files: readonly FileToHash[],
  geometry: PieceGeometry,
  options: Omit<HashFilesOptions, 'pieceLengthBytes' | 'v1'>,
): Promise<Uint8Array> {
  const pieces = new Uint8Array(geometry.pieceCount * 20);
  const places = new Map<HashJob, StreamPlace>();
  let doneBytes = 0;
  await pool.run(
    streamJobs(files, geometry, places),
    (job, result) => {
      const place = places.get(job);
      if (result.kind !== 'stream' || !place) return;
      places.delete(job);
      for (const [index, fileIndex] of place.fileIndexes.entries()) {
        const file = fileIndex === undefined ? undefined : files[fileIndex];
        if (file) refuse(file, result.statuses[index] ?? 'read');
      }
      pieces.set(result.sha1s, place.firstPiece * 20);
      doneBytes += place.lengthBytes;
      options.onProgress?.({ doneBytes, totalBytes: geometry.spaceBytes });
    },
    options.signal,
  );
  return pieces;
}

export interface StreamPlace {
  readonly firstPiece: number;
  readonly lengthBytes: number;
  /** By slice; undefined for padding. */
  readonly fileIndexes: readonly (number | undefined)[];
}

/** Cuts the piece space into jobs of whole pieces, and notes in `places` what each is about. @param only Jobs without such a piece are left out. */
export function* streamJobs(
  files: readonly FileToHash[],
  geometry: PieceGeometry,
  places: Map<HashJob, StreamPlace>,
  only: (piece: number) => boolean = () => true,
): Generator<StreamJob> {
  const piecesPerJob = Math.max(1, Math.floor(JOB_LENGTH_BYTES / geometry.pieceLengthBytes));
  for (let firstPiece = 0; firstPiece < geometry.pieceCount; firstPiece += piecesPerJob) {
    const endPiece = Math.min(firstPiece + piecesPerJob, geometry.pieceCount);
    if (!anyWithin(firstPiece, endPiece, only)) continue;
    const slices = slicesOf(files, geometry, firstPiece, endPiece);
    const lengthBytes = slices.reduce((sum, { slice }) => sum + slice.lengthBytes, 0);
    const job: StreamJob = {
      kind: 'stream',
      pieceLengthBytes: geometry.pieceLengthBytes,
      slices: slices.map(({ slice }) => slice),
    };
    places.set(job, { firstPiece, lengthBytes, fileIndexes: slices.map(({ fileIndex }) => fileIndex) });
    yield job;
  }
}

function anyWithin(first: number, end: number, isMeant: (piece: number) => boolean): boolean {
  for (let piece = first; piece < end; piece += 1) if (isMeant(piece)) return true;
  return false;
}

interface PlacedSlice {
  readonly slice: StreamSlice;
  readonly fileIndex: number | undefined;
}

/** The bytes of a run of pieces, one slice for each file that they touch. */
function slicesOf(
  files: readonly FileToHash[],
  geometry: PieceGeometry,
  firstPiece: number,
  endPiece: number,
): PlacedSlice[] {
  const slices: PlacedSlice[] = [];
  let open: { fileIndex: number; file: FileToHash; offsetBytes: number; lengthBytes: number } | undefined;
  const closeFile = (): void => {
    if (open) slices.push({ slice: partOf(open.file, open.offsetBytes, open.lengthBytes), fileIndex: open.fileIndex });
    open = undefined;
  };
  const addPad = (lengthBytes: number): void => {
    if (lengthBytes === 0) return;
    closeFile();
    slices.push({ slice: { isPad: true, lengthBytes }, fileIndex: undefined });
  };
  for (let piece = firstPiece; piece < endPiece; piece += 1) {
    let at = 0;
    for (const { fileIndex, fileOffsetBytes, pieceOffsetBytes, lengthBytes } of geometry.filesOfPiece(piece)) {
      addPad(pieceOffsetBytes - at);
      at = pieceOffsetBytes + lengthBytes;
      const file = files[fileIndex];
      if (open?.fileIndex === fileIndex) {
        open.lengthBytes += lengthBytes;
      } else if (file) {
        closeFile();
        open = { fileIndex, file, offsetBytes: fileOffsetBytes, lengthBytes };
      }
    }
    addPad(geometry.pieceSizeBytes(piece) - at);
  }
  closeFile();
  return slices;
}
