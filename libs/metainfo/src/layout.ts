import type { TorrentFormat } from './metainfo.ts';

export interface LayoutOptions {
  readonly format: TorrentFormat;
  readonly pieceLengthBytes: number;
  readonly isSingleFile: boolean;
}

export interface Layout {
  /** By file, in the order given. */
  readonly offsets: readonly number[];
  /** Of the piece space, pads included. */
  readonly spaceBytes: number;
}

/**
 * Places files in the piece space when a torrent is made. v1: one after the other. v2 and hybrid: each at a piece
 * boundary. A hybrid of several files is padded to the end of its last piece, as libtorrent 2.0.8 does: without
 * that tail pad the same files get another v1 infohash. A lone file is never padded.
 */
export function layOut(lengths: readonly number[], options: LayoutOptions): Layout {
  const offsets: number[] = [];
  let end = 0;
  for (const lengthBytes of lengths) {
    if (options.format !== 'v1') end = alignUp(end, options.pieceLengthBytes);
    offsets.push(end);
    end += lengthBytes;
  }
  const last = lengths.findLastIndex((lengthBytes) => lengthBytes > 0);
  const contentEnd = last < 0 ? 0 : (offsets[last] ?? 0) + (lengths[last] ?? 0);
  const hasTailPad = options.format === 'hybrid' && !options.isSingleFile;
  return { offsets, spaceBytes: hasTailPad ? alignUp(contentEnd, options.pieceLengthBytes) : contentEnd };
}

export function alignUp(bytes: number, pieceLengthBytes: number): number {
  return Math.ceil(bytes / pieceLengthBytes) * pieceLengthBytes;
}
