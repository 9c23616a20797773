import { Buffer } from 'node:buffer';
import type { Metainfo, TorrentFile } from '@swarmpatch/metainfo';
import type { Manifest, ManifestFile } from './manifest.ts';
import { torrentName } from './names.ts';
import { ReleaseError } from './release-error.ts';

export interface ManifestSource {
  game: string;
  version: string;
  /** A hybrid torrent of a directory, named as `torrentName` says. */
  metainfo: Metainfo;
  /** BEP 19 URLs that end in a slash. */
  webSeeds: readonly string[];
  notes?: string | undefined;
}

/**
 * The manifest of a release that was made into a torrent.
 *
 * @throws {ReleaseError} `torrent_mismatch` when the torrent is not what a release wants.
 */
export function createManifest(source: ManifestSource): Manifest {
  const { game, version, metainfo, webSeeds, notes } = source;
  const manifest: Manifest = {
    format: 1,
    game,
    version,
    name: torrentName(game, version),
    files: metainfo.files.map(manifestFileOf),
    bytes: metainfo.lengthBytes,
    torrent: {
      infohashV1: hexOf(metainfo.infohashV1) ?? '',
      infohashV2: hexOf(metainfo.infohashV2) ?? '',
      pieceLength: metainfo.pieceLengthBytes,
    },
    webSeeds: [...webSeeds],
    ...(notes !== undefined && { notes }),
  };
  assertManifestMatchesTorrent(manifest, metainfo);
  return manifest;
}

/**
 * Compares all that both say: kind, name, infohashes, piece length, and every file with its attributes.
 *
 * @throws {ReleaseError} `torrent_mismatch`
 */
export function assertManifestMatchesTorrent(manifest: Manifest, metainfo: Metainfo): void {
  const mismatch = (what: string, path?: string): ReleaseError =>
    new ReleaseError(
      'torrent_mismatch',
      `compare manifest and torrent of ${manifest.name}: ${what}; make both again from the same build`,
      path,
    );
  if (metainfo.format !== 'hybrid' || metainfo.isSingleFile)
    throw mismatch('the torrent is not a hybrid one of a directory');
  if (metainfo.name !== manifest.name) throw mismatch(`the torrent is named ${JSON.stringify(metainfo.name)}`);
  const { infohashV1, infohashV2, pieceLength } = manifest.torrent;
  if (hexOf(metainfo.infohashV1) !== infohashV1 || hexOf(metainfo.infohashV2) !== infohashV2)
    throw mismatch('infohashes differ');
  if (metainfo.pieceLengthBytes !== pieceLength) throw mismatch('piece lengths differ');
  if (metainfo.files.length !== manifest.files.length) throw mismatch('they have different numbers of files');
  for (const [index, file] of manifest.files.entries()) {
    const torrentFile = metainfo.files[index];
    if (torrentFile === undefined || !isSameFile(file, manifestFileOf(torrentFile)))
      throw mismatch(`they differ in ${file.path}`, file.path);
  }
}

function manifestFileOf(file: TorrentFile): ManifestFile {
  const piecesRoot = hexOf(file.piecesRoot);
  return {
    path: file.path,
    length: file.lengthBytes,
    ...(piecesRoot !== undefined && { piecesRoot }),
    ...(file.executable && { executable: true }),
    ...(file.symlink !== undefined && { symlink: file.symlink }),
  };
}

function isSameFile(left: ManifestFile, right: ManifestFile): boolean {
  return (
    left.path === right.path &&
    left.length === right.length &&
    left.piecesRoot === right.piecesRoot &&
    left.executable === right.executable &&
    left.symlink === right.symlink
  );
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
