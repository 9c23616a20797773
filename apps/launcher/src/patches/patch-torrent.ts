import { patchTorrentPath, savePatchTorrent, type FileSystem } from '@swarmpatch/install';
import { type Metainfo, MetainfoError, parseTorrent } from '@swarmpatch/metainfo';
import type { PatchEntry } from '@swarmpatch/release';
import { LauncherError } from '../launcher-error.ts';

/**
 * The torrent of a patch, as the listing names it; one that is kept here is not fetched again.
 *
 * @throws {LauncherError} `patch_mismatch`; {InstallError} `disk_full`; what `fetchTorrent` throws
 */
export async function openPatchTorrent(
  files: FileSystem,
  entry: PatchEntry,
  fetchTorrent: () => Promise<Uint8Array>,
): Promise<Metainfo> {
  const kept = await readPatchTorrent(files, entry.torrent.infohashV2);
  if (kept !== undefined) return kept;
  const bytes = await fetchTorrent();
  const metainfo = parse(bytes);
  const isListed =
    metainfo?.infohashV2 !== undefined &&
    hexOf(metainfo.infohashV2) === entry.torrent.infohashV2 &&
    hexOf(metainfo.infohashV1) === entry.torrent.infohashV1 &&
    metainfo.isSingleFile &&
    metainfo.lengthBytes === entry.bytes;
  if (!isListed) {
    throw new LauncherError(
      'patch_mismatch',
      `read the torrent of the patch from ${entry.from} to ${entry.to}: found another one than the signed listing names, wanted infohash ${entry.torrent.infohashV2}`,
    );
  }
  await savePatchTorrent(files, entry.torrent.infohashV2, bytes);
  return metainfo;
}

/** @returns the torrent of a patch that is kept here. */
export async function readPatchTorrent(files: FileSystem, infohash: string): Promise<Metainfo | undefined> {
  const path = patchTorrentPath(infohash);
  if ((await files.stat(path))?.kind !== 'file') return undefined;
  const metainfo = parse(await files.read(path));
  return metainfo?.isSingleFile === true && hexOf(metainfo.infohashV2) === infohash ? metainfo : undefined;
}

function parse(bytes: Uint8Array): Metainfo | undefined {
  try {
    return parseTorrent(bytes);
  } catch (error) {
    if (error instanceof MetainfoError) return undefined;
    throw error;
  }
}

function hexOf(infohash: Uint8Array | undefined): string {
  return Buffer.from(infohash ?? []).toString('hex');
}
