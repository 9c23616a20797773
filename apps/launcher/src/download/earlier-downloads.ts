import { Buffer } from 'node:buffer';

import { makeParents, STATE_DIRECTORY, writeDurably } from '@swarmpatch/install';
import { type Metainfo, MetainfoError, parseInfo, pathInDownload, TORRENT_BYTES_MAX } from '@swarmpatch/metainfo';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { FilePieceStore, type OfferedFiles, ResumeFile } from '@swarmpatch/node-io/transfer';
import { Bitfield } from '@swarmpatch/swarm';

/** Downloads of one directory that are looked through for equal files; each costs reading what its torrent lists. */
export const EARLIER_DOWNLOADS_MAX = 64;

/** Beside the resume data: which pieces are here, and the info dictionary that says of what. */
export const RESUME_DIRECTORY = `${STATE_DIRECTORY}/resume`;
const INFO_SUFFIX = '.info';

/** Lets later downloads into this directory find what this one brought. v1 says nothing of a file that another torrent could know. */
export async function rememberDownload(files: DiskFileSystem, metainfo: Metainfo): Promise<void> {
  const path = infoPathOf(metainfo);
  if (metainfo.format === 'v1' || (await files.stat(path)) !== undefined) return;
  await makeParents(files, path);
  await writeDurably(files, path, metainfo.infoBytes);
}

/** Downloads into this directory that have files in common with a torrent, with the pieces of those that have not changed since. */
export async function earlierDownloads(files: DiskFileSystem, torrent: Metainfo): Promise<OfferedFiles[]> {
  const roots = rootsOf(torrent);
  if (roots.size === 0) return [];
  const names = (await files.list(RESUME_DIRECTORY))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(INFO_SUFFIX));
  const found: OfferedFiles[] = [];
  for (const name of names.slice(0, EARLIER_DOWNLOADS_MAX)) {
    const metainfo = await readInfo(files, `${RESUME_DIRECTORY}/${name}`);
    if (!metainfo || infoPathOf(metainfo) === infoPathOf(torrent)) continue;
    const shared = [...metainfo.files.entries()].filter(([, { piecesRoot }]) => roots.has(hexOf(piecesRoot)));
    if (shared.length === 0) continue;
    const locate = (fileIndex: number): string =>
      files.absolute(pathInDownload(metainfo, { path: metainfo.files[fileIndex]?.path ?? '' }));
    const store = new FilePieceStore(metainfo.geometry, locate);
    const resume = new ResumeFile({
      metainfo,
      locate,
      flush: () => store.flush(),
      files,
      directory: RESUME_DIRECTORY,
    });
    const piecesOf = await resume.glance();
    const have = new Bitfield(metainfo.pieceCount);
    for (const [fileIndex] of shared) {
      const { first } = metainfo.geometry.piecesOfFile(fileIndex);
      for (const piece of piecesOf(fileIndex) ?? []) have.add(first + piece);
    }
    if (have.count > 0) found.push({ metainfo, store, have: have.bits });
  }
  return found;
}

async function readInfo(files: DiskFileSystem, path: string): Promise<Metainfo | undefined> {
  const stat = await files.stat(path);
  if (stat?.kind !== 'file' || stat.lengthBytes > TORRENT_BYTES_MAX) return undefined;
  try {
    const metainfo = parseInfo(await files.read(path));
    return infoPathOf(metainfo) === path ? metainfo : undefined;
  } catch (error) {
    if (error instanceof MetainfoError) return undefined;
    throw error;
  }
}

function infoPathOf({ infohashV1, infohashV2 }: Metainfo): string {
  return `${RESUME_DIRECTORY}/${hexOf(infohashV2 ?? infohashV1)}${INFO_SUFFIX}`;
}

function rootsOf({ files }: Metainfo): Set<string> {
  return new Set(files.flatMap(({ piecesRoot }) => (piecesRoot ? [hexOf(piecesRoot)] : [])));
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
