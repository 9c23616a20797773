import { Buffer } from 'node:buffer';

import { rootOfLayer } from '@swarmpatch/merkle';

import type { HashJob, PartsJob, V1Hashing } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { batchParts, placesOf, refuse, unpackParts } from './part-batches.ts';
import type { FileToHash, HashedPart, PartPlace } from './part-batches.ts';

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

function joinParts(parts: readonly HashedPart[], lengthBytes: number, pieceLengthBytes: number): FileHashes {
  const [first] = parts;
  const roots = first && parts.length === 1 ? first.roots : Buffer.concat(parts.map((part) => part.roots));
  const v1Pieces = first && parts.length === 1 ? first.sha1s : Buffer.concat(parts.map((part) => part.sha1s));
  if (lengthBytes === 0) return { v1Pieces };
  if (lengthBytes <= pieceLengthBytes) return { piecesRoot: roots, v1Pieces };
  return { piecesRoot: rootOfLayer(roots, pieceLengthBytes, lengthBytes), pieceLayer: roots, v1Pieces };
}
