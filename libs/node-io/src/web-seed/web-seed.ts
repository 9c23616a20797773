/**
 * Where pieces can be fetched over HTTP.
 *
 * - `bep19`: the torrent's files below (multi-file) or at (single-file) the URL, one resource each.
 * - `stream`: a release stream: all regular files concatenated in torrent order without pads, one resource.
 */
export interface WebSeed {
  kind: 'bep19' | 'stream';
  url: string;
  /** Lower tiers are asked first, higher ones while those bring nothing; 0 unless given. */
  tier?: number;
  /** A host that the user named may be anywhere; names from elsewhere must not lead inside. `torrent` unless given. */
  namedBy?: 'user' | 'torrent';
}

/** Pieces `firstPiece` to `firstPiece + pieceCount - 1`. */
export interface PieceRun {
  firstPiece: number;
  pieceCount: number;
}

/** A piece as it lies in piece space: pads are there, as zeros. Not verified yet. */
export interface FetchedPiece {
  piece: number;
  data: Uint8Array;
}

export interface FetchOptions {
  /** Asked for every URL before it is: the seed's own and each redirect. */
  allow: (url: URL) => boolean;
  signal?: AbortSignal | undefined;
  /** Called with the length of every chunk received; what it returns is awaited before more is read. */
  onBytes?: ((lengthBytes: number) => void | Promise<void>) | undefined;
  /** Longest silence of the server. */
  idleTimeoutMs?: number;
}
