import { lstatSync } from 'node:fs';

import type { FileStamp } from '@swarmpatch/metainfo';

import { eachInSlices } from '../blob-store/parallel.ts';

/** What these files look like now; undefined for what is not there, or no file. @throws {Error} of the file system */
export async function stampFiles(
  fileIndexes: Iterable<number>,
  locate: (fileIndex: number) => string,
): Promise<Map<number, FileStamp | undefined>> {
  const stamps = new Map<number, FileStamp | undefined>();
  await eachInSlices(fileIndexes, (fileIndex) => {
    stamps.set(fileIndex, stampOf(locate(fileIndex)));
  });
  return stamps;
}

export function isSameStamp(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return a?.lengthBytes === b?.lengthBytes && a?.mtimeNs === b?.mtimeNs && a?.inode === b?.inode;
}

function stampOf(path: string): FileStamp | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isFile() ? { lengthBytes: stats.size, mtimeNs: stats.mtimeNs, inode: stats.ino } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
