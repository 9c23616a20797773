/** Port: block trees (BEP 52) of whole files, as fast as the machine hashes. Implemented over threads in node-io. */
export interface FileHasher {
  /**
   * @param files Paths relative to the install.
   * @returns one result for each file, in any order. A file that cannot be read, or changed while it was, gives `undefined`
   *   hashes: it is then of unknown content.
   */
  hash(files: readonly FileToHash[], options: HashOptions): AsyncIterable<HashedFile>;
}

export interface FileToHash {
  path: string;
  lengthBytes: number;
}

export interface HashOptions {
  /** A power of two, at least 16 KiB. */
  pieceLengthBytes: number;
  signal?: AbortSignal | undefined;
  onBytes?: ((bytes: number) => void) | undefined;
}

export interface HashedFile {
  /** Index into the files asked for. */
  index: number;
  hashes: FileHashes | undefined;
}

export interface FileHashes {
  /** 32 bytes. */
  piecesRoot: Uint8Array;
  /** 32 bytes for each piece; empty when the file is no longer than one. */
  pieceLayer: Uint8Array;
}
