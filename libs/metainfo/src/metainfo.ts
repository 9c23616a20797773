import type { PieceGeometry } from './piece-geometry.ts';

export type TorrentFormat = 'v1' | 'v2' | 'hybrid';

/** One real file of a torrent; pad files are gaps in the piece space, not files. */
export interface TorrentFile {
  /** Checked by `checkPath`; separated by `/`, without the torrent's name. Of a single-file torrent, that name. */
  readonly path: string;
  readonly lengthBytes: number;
  /** Where the file starts in the piece space, pads included. */
  readonly offsetBytes: number;
  /** 32 bytes; only in v2 and hybrid, and not of empty files and links. */
  readonly piecesRoot?: Uint8Array;
  readonly executable: boolean;
  /** What a symbolic link says, relative to its own directory; stays inside the torrent. */
  readonly symlink?: string;
}

export interface PieceHashes {
  /** SHA-1 of each piece with its padding, 20 bytes each, concatenated. */
  readonly v1?: Uint8Array;
  /** By file: the root of each piece, 32 bytes each. Undefined for files of one piece or none, and where unknown. */
  readonly layers: readonly (Uint8Array | undefined)[];
}

export interface DhtNode {
  readonly host: string;
  readonly port: number;
}

/** A torrent that was read and checked. */
export interface Metainfo {
  readonly name: string;
  readonly format: TorrentFormat;
  /** 20 bytes. */
  readonly infohashV1?: Uint8Array;
  /** 32 bytes. */
  readonly infohashV2?: Uint8Array;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** Of the real files, without pads. */
  readonly lengthBytes: number;
  /** In the torrent's order. */
  readonly files: readonly TorrentFile[];
  readonly isSingleFile: boolean;
  /** Tiers of announce URLs (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19 URLs. */
  readonly webSeeds: readonly string[];
  readonly dhtNodes: readonly DhtNode[];
  /** BEP 27: no DHT, no peer exchange, no LAN discovery. */
  readonly private: boolean;
  readonly comment?: string;
  readonly createdBy?: string;
  /** The info dictionary as it was found: the infohashes are of these bytes. */
  readonly infoBytes: Uint8Array;
  readonly geometry: PieceGeometry;
  readonly pieceHashes: PieceHashes;
}

/** Where a file lies under the directory that a torrent is downloaded to: inside the torrent's own top directory, if it has one. */
export function pathInDownload(
  metainfo: Pick<Metainfo, 'name' | 'isSingleFile'>,
  file: Pick<TorrentFile, 'path'>,
): string {
  return metainfo.isSingleFile ? file.path : `${metainfo.name}/${file.path}`;
}
