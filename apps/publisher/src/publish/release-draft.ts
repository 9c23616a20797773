import { Buffer } from 'node:buffer';
import { createTorrentFrom, type CreateTorrentOptions } from '@swarmpatch/node-io/hashing';
import { createManifest, encodeManifest, type Manifest, PAD_DIRECTORY, torrentName } from '@swarmpatch/release';
import { describeTarget, manifestTargetPath, type TargetInfo, torrentTargetPath } from '@swarmpatch/trust';
import type { SourceFile } from './blob-source.ts';

/** A release that was hashed and not yet published. */
export interface ReleaseDraft {
  manifest: Manifest;
  manifestBytes: Uint8Array;
  /** Info dictionary and piece layers; trackers and web seeds are added where it is served. */
  torrentBytes: Uint8Array;
  /** What targets metadata has to name. */
  targets: ReadonlyMap<string, TargetInfo>;
  /** Content by pieces root, hex: files that are equal appear once. */
  sources: ReadonlyMap<string, SourceFile>;
}

export interface DraftOptions extends Pick<CreateTorrentOptions, 'onScanned' | 'onProgress' | 'signal'> {
  game: string;
  version: string;
  webSeeds: readonly string[];
  notes: string | undefined;
}

/**
 * Hashes a build once into its torrent and manifest: the same build, version, web seeds and notes give the same bytes.
 *
 * @throws {ScanError}, {MetainfoError}, {ReleaseError}
 */
export async function draftRelease(directory: string, options: DraftOptions): Promise<ReleaseDraft> {
  const { game, version, webSeeds, notes, onScanned, onProgress, signal } = options;
  const torrent = await createTorrentFrom(directory, {
    name: torrentName(game, version),
    format: 'hybrid',
    padDirectory: PAD_DIRECTORY,
    onScanned,
    onProgress,
    signal,
  });
  const manifest = createManifest({ game, version, metainfo: torrent.metainfo, webSeeds, notes });
  const manifestBytes = encodeManifest(manifest);
  const sources = new Map<string, SourceFile>();
  for (const { piecesRoot, absolutePath, lengthBytes, mtimeMs } of torrent.files) {
    if (piecesRoot !== undefined)
      sources.set(Buffer.from(piecesRoot).toString('hex'), { absolutePath, lengthBytes, mtimeMs });
  }
  const targets = new Map([
    [manifestTargetPath(version), describeTarget(manifestBytes)],
    [torrentTargetPath(version), describeTarget(torrent.torrentBytes)],
  ]);
  return { manifest, manifestBytes, torrentBytes: torrent.torrentBytes, targets, sources };
}
