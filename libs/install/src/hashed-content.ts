import type { FileHasher, FileToHash, HashedFile } from './file-hasher.ts';
import type { ReleasePieces } from './release-pieces.ts';

export interface HashingInput {
  hasher: FileHasher;
  target: ReleasePieces;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** Hashes files at the target's piece length and reports how far that is. */
export async function* hashFiles(input: HashingInput, files: readonly FileToHash[]): AsyncGenerator<HashedFile, void> {
  if (files.length === 0) return;
  const { hasher, target, signal, onProgress } = input;
  const totalBytes = files.reduce((sum, file) => sum + file.lengthBytes, 0);
  let doneBytes = 0;
  yield* hasher.hash(files, {
    pieceLengthBytes: target.pieceLengthBytes,
    signal,
    onBytes: (bytes) => {
      doneBytes += bytes;
      onProgress?.(doneBytes, totalBytes);
    },
  });
}
