import type { FilePart, PartsResult, ReadStatus } from './hash-job.ts';
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

/** What a part of a job is about. */
export interface PartPlace {
  readonly fileIndex: number;
  readonly partIndex: number;
  readonly lengthBytes: number;
}

export interface HashedPart {
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

export interface PlacedPart {
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

export function partOf(file: FileToHash, offsetBytes: number, lengthBytes: number): FilePart {
  const { absolutePath, mtimeMs } = file;
  return {
    absolutePath,
    offsetBytes,
    lengthBytes,
    fileLengthBytes: file.lengthBytes,
    ...(mtimeMs !== undefined && { mtimeMs }),
  };
}

/** @throws {ScanError} unless the file was read as it was scanned */
export function refuse(file: FileToHash, status: ReadStatus): void {
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
