import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type InstallError, JOURNAL_PATH, readState } from '@swarmpatch/install';
import { DiskFileSystem, TreeHasher } from '@swarmpatch/node-io/file-system';
import { HashPool } from '@swarmpatch/node-io/hashing';
import { OpenInstall } from './open-install.ts';

export type ReadableInstall = Pick<OpenInstall, 'files' | 'hasher' | 'state' | 'installed'>;

/**
 * Gives an install that another process has locked to `work`, which may only read it: who fetches a release changes no
 * file of the install until the journal is written.
 *
 * @param refusal Names the other process.
 * @throws {InstallError} the refusal, when files are being changed, or were meanwhile
 */
export async function readBeside<T>(
  directory: string,
  refusal: InstallError,
  work: (install: ReadableInstall) => Promise<T>,
): Promise<T> {
  const files = new DiskFileSystem(resolve(directory));
  const state = await readState(files);
  const isChanging = async (): Promise<boolean> =>
    (await files.stat(JOURNAL_PATH)) !== undefined ||
    !isDeepStrictEqual((await readState(files))?.installed, state?.installed);
  if (state === undefined || (await isChanging())) throw refusal;
  const pool = new HashPool();
  try {
    const hasher = new TreeHasher(files, pool);
    const found = await work(new OpenInstall(files, hasher, 'read', { state, saved: state }));
    if (await isChanging()) throw refusal;
    return found;
  } finally {
    await pool.close();
  }
}
