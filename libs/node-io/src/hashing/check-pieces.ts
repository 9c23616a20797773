import type { Metainfo } from '@swarmpatch/metainfo';

import { checkFiles } from './check-files.ts';
import type { CheckFilesOptions } from './check-files.ts';

/**
 * Compares some pieces on disk with a torrent. Files that hold none of them are not read.
 *
 * @param pieces A bitfield, first piece in the highest bit of the first byte.
 * @param locate Absolute path of a file; undefined counts as missing.
 * @returns Those of them that match: a bitfield.
 * @throws {ScanError} `unreadable` for a file that is there but cannot be read
 */
export async function checkPieces(
  metainfo: Metainfo,
  pieces: Uint8Array,
  locate: (fileIndex: number) => string | undefined,
  options: Omit<CheckFilesOptions, 'onlyPieces'> = {},
): Promise<Uint8Array> {
  const isAsked = (piece: number): boolean => ((pieces[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  const holdsAny = (fileIndex: number): boolean => {
    const { first, end } = metainfo.geometry.piecesOfFile(fileIndex);
    for (let piece = first; piece < end; piece += 1) if (isAsked(piece)) return true;
    return false;
  };
  const locateAsked = (fileIndex: number): string | undefined => (holdsAny(fileIndex) ? locate(fileIndex) : undefined);
  const { havePieces } = await checkFiles(metainfo, locateAsked, { ...options, onlyPieces: isAsked });
  return havePieces.map((byte, index) => byte & (pieces[index] ?? 0));
}
