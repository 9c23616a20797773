import { hash } from 'node:crypto';
import { parseManifest, type Manifest } from '@swarmpatch/release';
import { makeParents, writeDurably } from './durable-write.ts';
import type { FileSystem } from './file-system.ts';
import type { InstalledRelease } from './install-state.ts';
import { manifestPath, torrentPath } from './layout.ts';
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
  if ((await files.stat(path))?.kind !== 'file') throw corrupt(path, 'found nothing');
  const bytes = await files.read(path);
  if (hash('sha256', bytes) !== release.manifestSha256) throw corrupt(path, 'found other bytes than were signed');
  return parseManifest(bytes);
}

/** @throws {InstallError} `state_corrupt` */
export async function readReleaseTorrent(files: FileSystem, version: string): Promise<Uint8Array> {
  const path = torrentPath(version);
  if ((await files.stat(path))?.kind !== 'file') throw corrupt(path, 'found nothing');
  return files.read(path);
}
