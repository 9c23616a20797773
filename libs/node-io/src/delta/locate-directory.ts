import { stat } from 'node:fs/promises';

import { DeltaError } from '@swarmpatch/delta';

import { hashFiles, type HashProgress } from '../hashing/hash-files.ts';
import { HashPool } from '../hashing/hash-pool.ts';
import { scanTree, type ScannedFile } from '../hashing/scan-tree.ts';
import type { LocatedFile } from './patch-job.ts';

/** The piece length has no influence on the roots; large ones keep the layers small. */
const PIECE_LENGTH_BYTES = 4 * 1024 * 1024;

export interface LocateOptions {
  readonly onScanned?: ((progress: { readonly files: number }) => void) | undefined;
  readonly onHashed?: ((progress: HashProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists and hashes the files of a directory.
 *
 * @throws {ScanError}
 * @throws {DeltaError} `bad_tree` when it is no directory
 */
export async function locateDirectory(directory: string, options: LocateOptions = {}): Promise<LocatedFile[]> {
  const files = await listDirectory(directory, options);
  const pool = new HashPool();
  try {
    const hashes = await hashFiles(pool, files, {
      ...{ pieceLengthBytes: PIECE_LENGTH_BYTES, v1: 'none', onProgress: options.onHashed, signal: options.signal },
    });
    return files.map((file, index) => ({ ...file, piecesRoot: hashes[index]?.piecesRoot }));
  } finally {
    await pool.close();
  }
}

/** Lists the files of a directory, without their roots. @throws {ScanError} @throws {DeltaError} `bad_tree` */
export async function listDirectory(
  directory: string,
  { onScanned, signal }: Pick<LocateOptions, 'onScanned' | 'signal'> = {},
): Promise<ScannedFile[]> {
  const isFile = await stat(directory).then(
    (stats) => !stats.isDirectory(),
    () => false,
  );
  if (isFile) {
    throw new DeltaError('bad_tree', `read ${JSON.stringify(directory)}: found a file, a directory is wanted`, {
      path: directory,
    });
  }
  return scanTree(directory, { onProgress: onScanned, signal });
}
