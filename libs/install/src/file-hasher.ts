/** Port: block trees (BEP 52) of whole files, as fast as the machine hashes. Implemented over threads in node-io. */
export interface FileHasher {
  /**
   * @returns in the order of the files; undefined for a file that cannot be read, or that is not of the length and time given
   *   once it was read: its content is unknown.
   */
  hash(files: readonly FileToHash[], options: HashOptions): Promise<(FileHashes | undefined)[]>;
}

export interface FileToHash {
  /** Relative to the install. */
  path: string;
  lengthBytes: number;
  mtimeMs: number;
}

export interface HashOptions {
  /** A power of two, at least 16 KiB. */
  pieceLengthBytes: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface FileHashes {
  /** 32 bytes. */
  piecesRoot: Uint8Array;
  /** 32 bytes for each piece; empty when the file is no longer than one. */
  pieceLayer: Uint8Array;
}
