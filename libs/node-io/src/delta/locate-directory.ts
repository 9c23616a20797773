import { stat } from 'node:fs/promises';

import { DeltaError, FileTable } from '@swarmpatch/delta';

import { hashFiles, type HashProgress } from '../hashing/hash-files.ts';
import { HashPool } from '../hashing/hash-pool.ts';
import { scanTree, walkTree } from '../hashing/scan-tree.ts';
import type { LocatedFile } from './patch-job.ts';

/** The piece length has no influence on the roots. Pieces that are read at once are hashed with the fewest calls. */
const PIECE_LENGTH_BYTES = 256 * 1024;

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
  await refuseFile(directory);
  const files = await scanTree(directory, { onProgress: options.onScanned, signal: options.signal });
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
  { signal }: Pick<LocateOptions, 'signal'> = {},
): Promise<FileTable> {
  await refuseFile(directory);
  const files = new FileTable();
  await walkTree(directory, { signal }, (file) => {
    files.add(file);
  });
  return files;
}

async function refuseFile(directory: string): Promise<void> {
  const isFile = await stat(directory).then(
    (stats) => !stats.isDirectory(),
    () => false,
  );
  if (isFile) {
    throw new DeltaError('bad_tree', `read ${JSON.stringify(directory)}: found a file, a directory is wanted`, {
      path: directory,
    });
  }
}
