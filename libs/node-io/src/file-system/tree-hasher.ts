import type { FileHasher, FileHashes, FileSystem, FileToHash, HashOptions } from '@swarmpatch/install';
import { rootOfLayer } from '@swarmpatch/merkle';
import type { HashJob } from '../hashing/hash-job.ts';
import type { HashPool } from '../hashing/hash-pool.ts';
import { batchParts, placesOf, unpackParts, type HashedPart, type PartPlace } from '../hashing/part-batches.ts';

/** Hashes the files of an install on a pool's threads; a file that cannot be read has no hashes, and stops nothing. */
export class TreeHasher implements FileHasher {
  readonly #files: Pick<FileSystem, 'absolute'>;
  readonly #pool: HashPool;

  constructor(files: Pick<FileSystem, 'absolute'>, pool: HashPool) {
    this.#files = files;
    this.#pool = pool;
  }

  async hash(files: readonly FileToHash[], options: HashOptions): Promise<(FileHashes | undefined)[]> {
    if (files.length === 0) return [];
    const { pieceLengthBytes, onProgress, signal } = options;
    const located = files.map((file) => ({ ...file, absolutePath: this.#files.absolute(file.path) }));
    const totalBytes = files.reduce((sum, file) => sum + file.lengthBytes, 0);
    const found = files.map((): HashedPart[] => []);
    const places = new Map<HashJob, readonly PartPlace[]>();
    let doneBytes = 0;

    function* jobs(): Generator<HashJob> {
      for (const batch of batchParts(located, pieceLengthBytes)) {
        const job: HashJob = { kind: 'parts', pieceLengthBytes, v1: 'none', parts: batch.map(({ part }) => part) };
        places.set(job, placesOf(batch));
        yield job;
      }
    }

    await this.#pool.run(
      jobs(),
      (job, result) => {
        if (result.kind !== 'parts') return;
        for (const { fileIndex, partIndex, lengthBytes, ...part } of unpackParts(result, places.get(job) ?? [])) {
          const parts = found[fileIndex];
          if (parts !== undefined) parts[partIndex] = part;
          doneBytes += lengthBytes;
        }
        places.delete(job);
        onProgress?.(doneBytes, totalBytes);
      },
      signal,
    );
    return files.map((file, index) => joinParts(found[index] ?? [], file.lengthBytes, pieceLengthBytes));
  }
}

function joinParts(
  parts: readonly HashedPart[],
  lengthBytes: number,
  pieceLengthBytes: number,
): FileHashes | undefined {
  if (parts.length === 0 || parts.some((part) => part.status !== 'read')) return undefined;
  const [first] = parts;
  const roots = first && parts.length === 1 ? first.roots : Buffer.concat(parts.map((part) => part.roots));
  if (lengthBytes <= pieceLengthBytes) return { piecesRoot: roots, pieceLayer: new Uint8Array() };
  return { piecesRoot: rootOfLayer(roots, pieceLengthBytes, lengthBytes), pieceLayer: roots };
}
