import type { FileRange, Metainfo } from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';

/** What of a torrent is wanted. */
export interface Selection {
  /** Indexes in `Metainfo.files`. */
  readonly files: ReadonlySet<number>;
  /** Pieces of those files: a bitfield as in BEP 3. */
  readonly pieces: Uint8Array;
  /** Of those files. */
  readonly lengthBytes: number;
}

/**
 * The files that a magnet link selects (BEP 53). Files are counted as v1 lists them, pad files among them; a v2 torrent has
 * none.
 *
 * @param ranges Empty for all.
 */
export function selectFiles(metainfo: Metainfo, ranges: readonly FileRange[]): Selection {
  const files = new Set<number>();
  const pieces = new Bitfield(metainfo.pieceCount);
  let lengthBytes = 0;
  for (const [index, listed] of listedIndexes(metainfo).entries()) {
    if (ranges.length > 0 && !ranges.some(({ first, last }) => first <= listed && listed <= last)) continue;
    files.add(index);
    lengthBytes += metainfo.files[index]?.lengthBytes ?? 0;
    const { first, end } = metainfo.geometry.piecesOfFile(index);
    for (let piece = first; piece < end; piece += 1) pieces.add(piece);
  }
  return { files, pieces: ranges.length > 0 ? pieces.bits : Bitfield.full(metainfo.pieceCount).bits, lengthBytes };
}

/** By file, its place in a list with pad files. */
function listedIndexes({ files, format }: Metainfo): number[] {
  let listed = -1;
  let endBytes = 0;
  return files.map(({ offsetBytes, lengthBytes }) => {
    const isPadded = format !== 'v2' && lengthBytes > 0 && offsetBytes > endBytes;
    listed += isPadded ? 2 : 1;
    if (lengthBytes > 0) endBytes = offsetBytes + lengthBytes;
    return listed;
  });
}
