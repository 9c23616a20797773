import type { PatchFiles } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { LauncherError } from '../launcher-error.ts';
import type { PatchLink } from './patch-route.ts';

export interface PatchWork {
  files: DiskFileSystem;
  link: PatchLink;
  contents: PatchFiles;
  signal: AbortSignal;
  onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** A file that a patch could not make. */
export interface UnmadeFile {
  path: string;
  reason: string;
}

/**
 * Makes the files of a patch's newer release, each by itself where others cannot be made.
 *
 * @returns those that it could not make.
 * @throws {LauncherError} `patch_damaged` when the patch is of no use
 */
export function applyPatch({ link }: PatchWork): Promise<UnmadeFile[]> {
  const { from, to } = link.entry;
  return Promise.reject(new LauncherError('patch_damaged', `apply the patch from ${from} to ${to}: not possible yet`));
}
