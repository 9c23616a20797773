import { DiskBlobStore } from '@swarmpatch/node-io/blob-store';
import type { Configuration } from '../configuration.ts';

/**
 * Injection token of the blob store that patches and their torrents are in. It is one of its own, so that a patch that goes can take
 * nothing with it that a release has.
 */
export const PATCH_STORE: unique symbol = Symbol('patch store');

export function openPatchStore(configuration: Configuration): Promise<DiskBlobStore> {
  return DiskBlobStore.open(configuration.patchBlobsDirectory);
}
