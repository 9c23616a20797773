import { openPatch, type ByteSource, type Patch } from '@swarmpatch/delta';

import { brotliDecompressor } from './brotli.ts';
import { FileReaders } from './file-readers.ts';
import { explainRefusal } from './system-refusal.ts';

/** A patch that lies in a file. */
export interface PatchFileHandle {
  readonly patch: Patch;
  close(): void;
}

/**
 * Opens a patch and checks its listing.
 *
 * @throws {DeltaError} `not_a_patch`, `unknown_version`, `bad_patch`, `patch_too_large`
 */
export async function openPatchFile(path: string): Promise<PatchFileHandle> {
  const readers = new FileReaders();
  try {
    const source: ByteSource = readers.sourceOf(path, readers.lengthOf(path));
    return {
      patch: await openPatch(source, brotliDecompressor),
      close: () => {
        readers.close();
      },
    };
  } catch (error) {
    readers.close();
    throw explainRefusal(`read patch ${JSON.stringify(path)}`, error);
  }
}
