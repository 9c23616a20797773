import type { Metainfo, PieceRange } from '@swarmpatch/metainfo';

/** A torrent of a session, as far as files that it has in common with others are concerned. */
export interface FileSharer {
  readonly metainfo: Metainfo;
  readonly isOver: boolean;
  /** Whether there is anyone whom it may fetch from. */
  readonly hasSources: boolean;
  /** Whether all pieces from `first` on and before `end` are here. */
  has(first: number, end: number): boolean;
  /** Whether the piece is wanted and not here. */
  needs(piece: number): boolean;
  /** Bytes of a piece that is here, checked; undefined when they cannot be had. */
  read(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array | undefined>;
  /** Hands over a whole piece, pads included, to be verified. False when there is no room for it now. */
  adopt(piece: number, data: Uint8Array): boolean;
  /** Asks nobody for these pieces until the next call: another torrent brings them. */
  leaveToOthers(ranges: readonly PieceRange[]): void;
}

/** A file of a torrent. */
export interface Place {
  readonly sharer: FileSharer;
  readonly fileIndex: number;
}
