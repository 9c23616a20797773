import type { FileHasher, FileHashes, FileSystem, FileToHash, HashOptions } from '@swarmpatch/install';
import { blockHashesOf, pieceLayerFromBlocks, piecesRootFromBlocks } from '@swarmpatch/merkle';

/** Hashes through the file system port, on this thread. */
export class MemoryHasher implements FileHasher {
  readonly #files: FileSystem;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  async hash(files: readonly FileToHash[], options: HashOptions): Promise<(FileHashes | undefined)[]> {
    const found: (FileHashes | undefined)[] = [];
    for (const { path, lengthBytes } of files) {
      const bytes = await this.#files.read(path).catch(() => undefined);
      found.push(bytes?.length === lengthBytes ? hashesOf(bytes, options.pieceLengthBytes) : undefined);
    }
    return found;
  }
}

export function hashesOf(content: Uint8Array, pieceLengthBytes: number): FileHashes {
  const blocks = blockHashesOf(content);
  const pieceLayer =
    content.length > pieceLengthBytes ? pieceLayerFromBlocks(blocks, pieceLengthBytes) : new Uint8Array();
  return { piecesRoot: piecesRootFromBlocks(blocks), pieceLayer };
}
