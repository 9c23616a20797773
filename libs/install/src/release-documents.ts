import { hash } from 'node:crypto';
import { parseTorrent } from '@swarmpatch/metainfo';
import { parseManifest, type Manifest } from '@swarmpatch/release';
import { makeParents, writeDurably } from './durable-write.ts';
import type { FileSystem } from './file-system.ts';
import type { InstalledRelease } from './install-state.ts';
import { manifestPath, torrentPath } from './layout.ts';
import { ReleasePieces } from './release-pieces.ts';
import { corrupt } from './sealed-document.ts';

/** Keeps the signed documents of a release with the install: verify, seed and rollback need no network for them. */
export async function saveReleaseDocuments(
  files: FileSystem,
  version: string,
  documents: { manifest: Uint8Array; torrent: Uint8Array },
): Promise<void> {
  await makeParents(files, manifestPath(version));
  await writeDurably(files, torrentPath(version), documents.torrent);
  await writeDurably(files, manifestPath(version), documents.manifest);
}

/**
 * The manifest of a release that the state names, checked against the hash in there.
 *
 * @throws {InstallError} `state_corrupt`
 */
export async function readManifest(files: FileSystem, release: InstalledRelease): Promise<Manifest> {
  const path = manifestPath(release.version);
  const bytes = await readSaved(files, path, release.manifestSha256);
  if (bytes === undefined) throw corrupt(path, 'found nothing, or other bytes than were signed');
  return parseManifest(bytes);
}

/**
 * The pieces of a release that the state names, from its torrent, which is checked against the hash in there.
 *
 * @throws {InstallError} `state_corrupt`
 */
export async function readPieces(
  files: FileSystem,
  release: InstalledRelease,
  manifest: Manifest,
): Promise<ReleasePieces> {
  const path = torrentPath(release.version);
  const bytes = await readSaved(files, path, release.torrentSha256);
  if (bytes === undefined) throw corrupt(path, 'found nothing, or other bytes than were signed');
  return new ReleasePieces(manifest, parseTorrent(bytes));
}

/** @returns the signed manifest when it is kept here, whole. */
export function findSavedManifest(files: FileSystem, version: string, sha256: string): Promise<Uint8Array | undefined> {
  return readSaved(files, manifestPath(version), sha256);
}

/** @returns the signed torrent when it is kept here, whole. */
export function findSavedTorrent(files: FileSystem, version: string, sha256: string): Promise<Uint8Array | undefined> {
  return readSaved(files, torrentPath(version), sha256);
}

async function readSaved(files: FileSystem, path: string, sha256: string): Promise<Uint8Array | undefined> {
  if ((await files.stat(path))?.kind !== 'file') return undefined;
  const bytes = await files.read(path);
  return hash('sha256', bytes) === sha256 ? bytes : undefined;
}
