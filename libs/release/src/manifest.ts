/** Placeholder until the checks below exist. */
export interface ManifestFile {
  /** Posix path relative to the release directory, safe on every platform. */
  path: string;
  /** Bytes; 0 for a symbolic link. */
  length: number;
  /** SHA-256 block-tree root of BEP 52, hex; absent when the file is empty or a link. */
  piecesRoot?: string;
  executable?: true;
  /** Target of a symbolic link, relative to the link's directory; stays inside the release. */
  symlink?: string;
}

/** What a release consists of: signed, and enough to check an install without the torrent. */
export interface Manifest {
  format: 1;
  game: string;
  version: string;
  /** Name of the torrent: `GAME-VERSION`. */
  name: string;
  /** In torrent order, without pad files. */
  files: ManifestFile[];
  /** Sum of the files' lengths. */
  bytes: number;
  torrent: { infohashV1: string; infohashV2: string; pieceLength: number };
  /** Where the release may be fetched over HTTP: BEP 19 URLs that end in a slash. */
  webSeeds: string[];
  notes?: string;
}
