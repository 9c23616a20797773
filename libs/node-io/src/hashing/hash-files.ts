import { Buffer } from 'node:buffer';

import { rootOfLayer } from '@swarmpatch/merkle';
import type { PieceGeometry } from '@swarmpatch/metainfo';

import type {
  FilePart,
  HashJob,
  PartsJob,
  PartsResult,
  ReadStatus,
  StreamJob,
  StreamSlice,
  V1Hashing,
} from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { ScanError, unreadable } from './scan-error.ts';

/** Work for some milliseconds: long enough to be worth a message, short enough to share out evenly. */
export const JOB_LENGTH_BYTES: number = 8 * 1024 * 1024;
const FILES_PER_JOB = 256;

export interface FileToHash {
  /** For messages. */
  readonly path: string;
  readonly absolutePath: string;
  readonly lengthBytes: number;
  /** When given, the file must still have this time and its length after it was read. */
  readonly mtimeMs?: number;
}

export interface HashProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface HashFilesOptions {
  readonly pieceLengthBytes: number;
  readonly v1: V1Hashing;
  readonly onProgress?: ((progress: HashProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FileHashes {
  /** 32 bytes; undefined for an empty file. */
  readonly piecesRoot?: Uint8Array;
  /** 32 bytes per piece, of a file longer than a piece. */
  readonly pieceLayer?: Uint8Array;
  /** SHA-1 of each piece, 20 bytes each; empty when not wanted. */
  readonly v1Pieces: Uint8Array;
}

/**
 * Pieces roots, piece layers and v1 hashes of files that start at piece boundaries, in one read of each.
 *
 * @returns In the order of the files.
 * @throws {ScanError} `file_changed`, `unreadable`, `not_found`
 */
export async function hashFiles(
  pool: HashPool,
  files: readonly FileToHash[],
  options: HashFilesOptions,
): Promise<FileHashes[]> {
  const { pieceLengthBytes, onProgress, signal } = options;
  const totalBytes = files.reduce((sum, file) => sum + file.lengthBytes, 0);
  const found: HashedPart[][] = files.map(() => []);
  const places = new Map<HashJob, readonly PartPlace[]>();
  let doneBytes = 0;
  await pool.run(
    jobs(),
    (job, result) => {
      if (result.kind !== 'parts') return;
      for (const { fileIndex, partIndex, lengthBytes, ...part } of unpackParts(result, places.get(job) ?? [])) {
        const file = files[fileIndex];
        const parts = found[fileIndex];
        if (!file || !parts) continue;
        refuse(file, part.status);
        parts[partIndex] = part;
        doneBytes += lengthBytes;
      }
      places.delete(job);
      onProgress?.({ doneBytes, totalBytes });
    },
    signal,
  );
  return files.map((file, index) => joinParts(found[index] ?? [], file.lengthBytes, pieceLengthBytes));

  function* jobs(): Generator<PartsJob> {
    for (const batch of batchParts(files, pieceLengthBytes)) {
      const job: PartsJob = { kind: 'parts', pieceLengthBytes, v1: options.v1, parts: batch.map(({ part }) => part) };
      places.set(job, placesOf(batch));
      yield job;
    }
  }
}

/** What a part of a job is about. */
export interface PartPlace {
  readonly fileIndex: number;
  readonly partIndex: number;
  readonly lengthBytes: number;
}

interface HashedPart {
  readonly status: ReadStatus;
  readonly fileLengthBytes: number;
  readonly roots: Uint8Array;
  readonly sha1s: Uint8Array;
}

/** The answers to the parts of a job, each with its place. */
export function unpackParts(result: PartsResult, places: readonly PartPlace[]): (PartPlace & HashedPart)[] {
  let piece = 0;
  return places.map((place, index) => {
    const end = piece + (result.pieceCounts[index] ?? 0);
    const part: HashedPart = {
      status: result.statuses[index] ?? 'read',
      fileLengthBytes: result.fileLengths[index] ?? -1,
      roots: result.roots.subarray(piece * 32, end * 32),
      sha1s: result.sha1s.subarray(piece * 20, end * 20),
    };
    piece = end;
    return { ...place, ...part };
  });
}

interface PlacedPart {
  readonly fileIndex: number;
  readonly partIndex: number;
  readonly part: FilePart;
}

export function placesOf(batch: readonly PlacedPart[]): PartPlace[] {
  return batch.map(({ fileIndex, partIndex, part }) => ({ fileIndex, partIndex, lengthBytes: part.lengthBytes }));
}

/** Pieces in each part of a large file but the last. */
export function piecesPerPart(pieceLengthBytes: number): number {
  return Math.max(1, JOB_LENGTH_BYTES / pieceLengthBytes);
}

/** Small files together, large files in parts. */
export function* batchParts(
  files: readonly (FileToHash | undefined)[],
  pieceLengthBytes: number,
): Generator<PlacedPart[]> {
  const partLengthBytes = piecesPerPart(pieceLengthBytes) * pieceLengthBytes;
  let batch: PlacedPart[] = [];
  let batchBytes = 0;
  for (const [fileIndex, file] of files.entries()) {
    if (!file) continue;
    for (let offsetBytes = 0; offsetBytes < file.lengthBytes; offsetBytes += partLengthBytes) {
      const lengthBytes = Math.min(partLengthBytes, file.lengthBytes - offsetBytes);
      if (batch.length > 0 && (batchBytes + lengthBytes > JOB_LENGTH_BYTES || batch.length >= FILES_PER_JOB)) {
        yield batch;
        batch = [];
        batchBytes = 0;
      }
      batch.push({ fileIndex, partIndex: offsetBytes / partLengthBytes, part: partOf(file, offsetBytes, lengthBytes) });
      batchBytes += lengthBytes;
    }
  }
  if (batch.length > 0) yield batch;
}

function partOf(file: FileToHash, offsetBytes: number, lengthBytes: number): FilePart {
  const { absolutePath, mtimeMs } = file;
  return {
    absolutePath,
    offsetBytes,
    lengthBytes,
    fileLengthBytes: file.lengthBytes,
    ...(mtimeMs !== undefined && { mtimeMs }),
  };
}

function joinParts(parts: readonly HashedPart[], lengthBytes: number, pieceLengthBytes: number): FileHashes {
  const [first] = parts;
  const roots = first && parts.length === 1 ? first.roots : Buffer.concat(parts.map((part) => part.roots));
  const v1Pieces = first && parts.length === 1 ? first.sha1s : Buffer.concat(parts.map((part) => part.sha1s));
  if (lengthBytes === 0) return { v1Pieces };
  if (lengthBytes <= pieceLengthBytes) return { piecesRoot: roots, v1Pieces };
  return { piecesRoot: rootOfLayer(roots, pieceLengthBytes, lengthBytes), pieceLayer: roots, v1Pieces };
}

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

/** Cuts the piece space into jobs of whole pieces, and notes in `places` what each is about. */
export function* streamJobs(
  files: readonly FileToHash[],
  geometry: PieceGeometry,
  places: Map<HashJob, StreamPlace>,
): Generator<StreamJob> {
  const piecesPerJob = Math.max(1, Math.floor(JOB_LENGTH_BYTES / geometry.pieceLengthBytes));
  for (let firstPiece = 0; firstPiece < geometry.pieceCount; firstPiece += piecesPerJob) {
    const endPiece = Math.min(firstPiece + piecesPerJob, geometry.pieceCount);
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

function refuse(file: FileToHash, status: ReadStatus): void {
  if (status === 'read') return;
  if (status === 'changed' || status === 'ended') {
    throw new ScanError(
      'file_changed',
      file.path,
      `read ${JSON.stringify(file.path)}: it changed while it was read; run again once nothing writes to it`,
    );
  }
  throw unreadable(file.path, status);
}
