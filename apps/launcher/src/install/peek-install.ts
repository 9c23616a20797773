import { resolve } from 'node:path';
import { InstallError, JOURNAL_PATH, readState, recover, type InstallState } from '@swarmpatch/install';
import { DiskFileSystem, type LockHolder, lockHolderOf, lockInstall } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import { isLocked, refuseOther, report } from './open-install.ts';

export interface PeekedInstall {
  files: DiskFileSystem;
  state: InstallState;
  /** Another process that works on it. */
  holder: LockHolder | undefined;
}

/**
 * Looks at an install that others may be working on: it is recovered unless they do. On a disk that is full or may not be written to it is
 * looked at as long as there is nothing to recover.
 *
 * @throws {InstallError} `not_installed`, `state_corrupt`
 */
export async function peekInstall(directory: string, command: string, context: CommandContext): Promise<PeekedInstall> {
  const files = new DiskFileSystem(resolve(directory));
  await refuseOther(files, directory);
  const holder = await recoverUnlessBusy(files, command, context);
  const state = await readState(files);
  if (state !== undefined) return { files, state, holder };
  throw new InstallError('not_installed', `read ${directory}: found an install that never began; run install again`);
}

/** @returns another process that works on the install; that one recovers it. */
async function recoverUnlessBusy(
  files: DiskFileSystem,
  command: string,
  context: CommandContext,
): Promise<LockHolder | undefined> {
  try {
    const lock = await lockInstall(files, command);
    try {
      report(await recover(files), context);
    } finally {
      await lock.release();
    }
    return undefined;
  } catch (error) {
    const isLookedAt = isLocked(error) || (isUnwritable(error) && (await files.stat(JOURNAL_PATH)) === undefined);
    if (isLookedAt) return lockHolderOf(files);
    throw error;
  }
}

/** Did the disk refuse to take a lock? */
function isUnwritable(error: unknown): boolean {
  const isRefusal = error instanceof InstallError && (error.code === 'disk_full' || error.code === 'file_refused');
  return isRefusal && error.cause !== undefined;
}
