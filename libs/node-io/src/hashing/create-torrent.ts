import { Buffer } from 'node:buffer';
import { basename, resolve } from 'node:path';

import {
  MetainfoError,
  PieceGeometry,
  choosePieceLength,
  createInfo,
  describePathProblem,
  encodeTorrent,
  findComponentProblem,
  layOut,
  parseTorrent,
} from '@swarmpatch/metainfo';
import type { HashedFile, LayoutOptions, Metainfo, PieceLayers, TorrentFormat } from '@swarmpatch/metainfo';

import { hashFiles } from './hash-files.ts';
import type { HashProgress } from './hash-files.ts';
import { HashPool } from './hash-pool.ts';
import { scanTree } from './scan-tree.ts';
import type { ScanOptions, ScannedFile } from './scan-tree.ts';
import { hashSpanningPieces } from './spanning-pieces.ts';

export interface CreateTorrentOptions {
  /** Default: the name of the file or directory. */
  readonly name?: string | undefined;
  /** Default `hybrid`. */
  readonly format?: TorrentFormat | undefined;
  /** A power of two, at least 16 KiB. Default: chosen by size. */
  readonly pieceLengthBytes?: number | undefined;
  readonly isPrivate?: boolean | undefined;
  /** Default `.pad`. */
  readonly padDirectory?: string | undefined;
  /** Tiers. */
  readonly trackers?: readonly (readonly string[])[] | undefined;
  readonly webSeeds?: readonly string[] | undefined;
  readonly onScanProgress?: ScanOptions['onProgress'];
  readonly onScanned?: ((files: readonly ScannedFile[]) => void) | undefined;
  readonly onProgress?: ((progress: HashProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: one for this call. */
  readonly pool?: HashPool | undefined;
}

/** A file as it was found on disk, with its hashes. */
export type PublishedFile = ScannedFile & Pick<HashedFile, 'piecesRoot' | 'pieceLayer'>;

export interface CreatedTorrent {
  /** The torrent file, with the trackers and web seeds that were given. */
  readonly torrentBytes: Uint8Array;
  readonly infoBytes: Uint8Array;
  /** Undefined for v1. */
  readonly pieceLayers: PieceLayers | undefined;
  /** `torrentBytes` as they read back. */
  readonly metainfo: Metainfo;
  /** In the order of `metainfo.files`. */
  readonly files: readonly PublishedFile[];
}

/**
 * Scans a file or directory and hashes it once into a torrent. The same input gives the same bytes.
 *
 * @throws {ScanError} for what cannot be published, and when a file changes meanwhile
 * @throws {MetainfoError} `bad_name`, `bad_piece_length`, `no_data`, `too_many_pieces`, `ambiguous_name`
 */
export async function createTorrentFrom(path: string, options: CreateTorrentOptions = {}): Promise<CreatedTorrent> {
  const files = await scanTree(path, { signal: options.signal, onProgress: options.onScanProgress });
  options.onScanned?.(files);
  const plan = planTorrent(resolve(path), files, options);
  const pool = options.pool ?? new HashPool();
  try {
    return await hashPlanned(pool, plan, options);
  } finally {
    if (pool !== options.pool) await pool.close();
  }
}

interface TorrentPlan extends LayoutOptions {
  readonly name: string;
  readonly files: readonly ScannedFile[];
  readonly geometry: PieceGeometry;
}

/** Refuses what no torrent can be made of, before anything is read. */
function planTorrent(
  absolutePath: string,
  scanned: readonly ScannedFile[],
  options: CreateTorrentOptions,
): TorrentPlan {
  const name = options.name ?? basename(absolutePath);
  const problem = findComponentProblem(name);
  if (problem)
    throw new MetainfoError(
      'bad_name',
      `name a torrent ${JSON.stringify(name)}: the name ${describePathProblem(problem)}; give it another`,
      name,
    );
  const isSingleFile = scanned.length === 1 && scanned[0]?.absolutePath === absolutePath;
  // The name of a single-file torrent is the name of its file.
  const files = isSingleFile ? scanned.map((file) => ({ ...file, path: name })) : scanned;
  const lengths = files.map((file) => file.lengthBytes);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total === 0)
    throw new MetainfoError(
      'no_data',
      `make a torrent of ${JSON.stringify(absolutePath)}: found ${files.length} files without a byte in them, at least one byte is wanted`,
    );
  const format = options.format ?? 'hybrid';
  const pieceLengthBytes = options.pieceLengthBytes ?? choosePieceLength(format === 'v1' ? [total] : lengths);
  if (!Number.isInteger(Math.log2(pieceLengthBytes)) || pieceLengthBytes < 16_384) {
    throw new MetainfoError(
      'bad_piece_length',
      `make a torrent: found piece length ${pieceLengthBytes}, a power of two from 16 KiB is wanted`,
    );
  }
  const layoutOptions: LayoutOptions = { format, pieceLengthBytes, isSingleFile };
  const { offsets, spaceBytes } = layOut(lengths, layoutOptions);
  const placed = files.map(({ lengthBytes }, index) => ({ lengthBytes, offsetBytes: offsets[index] ?? 0 }));
  return { ...layoutOptions, name, files, geometry: new PieceGeometry(placed, pieceLengthBytes, spaceBytes) };
}

async function hashPlanned(pool: HashPool, plan: TorrentPlan, options: CreateTorrentOptions): Promise<CreatedTorrent> {
  const { files, v1Pieces } = await hashAll(pool, plan, options);
  const { infoBytes, pieceLayers } = createInfo(files, {
    name: plan.name,
    format: plan.format,
    pieceLengthBytes: plan.pieceLengthBytes,
    isSingleFile: plan.isSingleFile,
    ...(options.isPrivate && { isPrivate: true }),
    ...(options.padDirectory && { padDirectory: options.padDirectory }),
    ...(v1Pieces && { v1Pieces }),
  });
  const torrentBytes = encodeTorrent({
    infoBytes,
    pieceLayers,
    createdBy: 'swarmpatch',
    ...(options.trackers && { trackers: options.trackers }),
    ...(options.webSeeds && { webSeeds: options.webSeeds }),
  });
  return { torrentBytes, infoBytes, pieceLayers, metainfo: parseTorrent(torrentBytes), files };
}

async function hashAll(
  pool: HashPool,
  plan: TorrentPlan,
  { onProgress, signal }: CreateTorrentOptions,
): Promise<{ readonly files: PublishedFile[]; readonly v1Pieces?: Uint8Array }> {
  if (plan.format === 'v1') {
    return {
      files: [...plan.files],
      v1Pieces: await hashSpanningPieces(pool, plan.files, plan.geometry, { onProgress, signal }),
    };
  }
  const v1 = plan.format === 'v2' ? 'none' : plan.isSingleFile ? 'exact' : 'padded';
  const hashes = await hashFiles(pool, plan.files, { pieceLengthBytes: plan.pieceLengthBytes, v1, onProgress, signal });
  const files = plan.files.map((file, index) => {
    const { piecesRoot, pieceLayer } = hashes[index] ?? {};
    return { ...file, ...(piecesRoot && { piecesRoot }), ...(pieceLayer && { pieceLayer }) };
  });
  return { files, ...(v1 !== 'none' && { v1Pieces: Buffer.concat(hashes.map((file) => file.v1Pieces)) }) };
}
