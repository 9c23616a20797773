import {
  findSavedManifest,
  findSavedTorrent,
  InstallError,
  ReleasePieces,
  type FileSystem,
  type InstalledRelease,
  type InstallState,
} from '@swarmpatch/install';
import { parseTorrent, type Metainfo } from '@swarmpatch/metainfo';
import { assertManifestMatchesTorrent, parseManifest, type Manifest, type PatchEntry } from '@swarmpatch/release';
import {
  channelTargetPath,
  describeTarget,
  manifestTargetPath,
  torrentTargetPath,
  TrustClient,
  type TrustFetcher,
} from '@swarmpatch/trust';
import { LauncherError } from '../launcher-error.ts';
import { versionFor } from './rollout.ts';
import { InstallTrustCache } from './trust-cache.ts';

/** The signed documents of one release. */
export interface Release {
  manifest: Manifest;
  manifestBytes: Uint8Array;
  torrentBytes: Uint8Array;
  metainfo: Metainfo;
  pieces: ReleasePieces;
  installed: InstalledRelease;
}

interface ReleaseDocuments {
  manifestBytes: Uint8Array;
  torrentBytes: Uint8Array;
}

/** An installed release of which only the manifest was parsed yet. */
export interface InstalledManifest {
  manifest: Manifest;
  pieces: () => ReleasePieces;
}

/** What an install may trust about its game: the cached metadata, and the origin's once it is refreshed. */
export class ReleaseSource {
  readonly #files: FileSystem;
  readonly #client: TrustClient;
  readonly #fetcher: TrustFetcher;

  private constructor(files: FileSystem, client: TrustClient, fetcher: TrustFetcher) {
    this.#files = files;
    this.#client = client;
    this.#fetcher = fetcher;
  }

  static async open(
    files: FileSystem,
    pinned: Pick<InstallState, 'game' | 'rootFingerprint'>,
    fetcher: TrustFetcher,
  ): Promise<ReleaseSource> {
    const { game, rootFingerprint } = pinned;
    const client = await TrustClient.open({ game, rootFingerprint, cache: new InstallTrustCache(files) });
    return new ReleaseSource(files, client, fetcher);
  }

  isStale(nowMs: number): boolean {
    return this.#client.isStale(nowMs);
  }

  /** @throws {TrustError}, {ApiError} `origin_unreachable` */
  async refresh(nowMs: number): Promise<void> {
    await this.#client.refresh(this.#fetcher, nowMs);
  }

  /** The version that the channel means to this install. @throws {LauncherError} `channel_not_found`, {TrustError}, {ReleaseError} */
  async versionOf(channel: string, installId: string): Promise<string> {
    this.#expectTarget(channelTargetPath(channel), 'channel_not_found', `channel ${channel}`);
    return versionFor(await this.#client.fetchChannel(this.#fetcher, channel), installId);
  }

  /**
   * The signed documents of any release; those that the install keeps are not fetched again.
   *
   * @throws {LauncherError} `release_not_found`, {TrustError}
   */
  async release(version: string): Promise<Release> {
    const manifestPath = manifestTargetPath(version);
    this.#expectTarget(manifestPath, 'release_not_found', `release ${version}`);
    const torrentPath = torrentTargetPath(version);
    const manifestTarget = this.#client.target(manifestPath);
    const torrentTarget = this.#client.target(torrentPath);
    const savedManifest = manifestTarget && (await findSavedManifest(this.#files, version, manifestTarget.sha256));
    const savedTorrent = torrentTarget && (await findSavedTorrent(this.#files, version, torrentTarget.sha256));
    const manifestBytes = savedManifest ?? (await this.#client.fetchTarget(this.#fetcher, manifestPath));
    const torrentBytes = savedTorrent ?? (await this.#client.fetchTarget(this.#fetcher, torrentPath));
    return this.#assemble(version, { manifestBytes, torrentBytes });
  }

  /** Length of what `release` may have to fetch for a release; undefined where the studio has signed no such thing. */
  documentBytes(version: string): number | undefined {
    const manifest = this.#client.target(manifestTargetPath(version));
    const torrent = this.#client.target(torrentTargetPath(version));
    return manifest && torrent && manifest.lengthBytes + torrent.lengthBytes;
  }

  /** A release of which the install keeps all documents, as they were signed. */
  async kept(version: string): Promise<InstalledRelease | undefined> {
    const manifestSha256 = this.#client.target(manifestTargetPath(version))?.sha256;
    const torrentSha256 = this.#client.target(torrentTargetPath(version))?.sha256;
    if (manifestSha256 === undefined || torrentSha256 === undefined) return undefined;
    const manifest = await findSavedManifest(this.#files, version, manifestSha256);
    const torrent = await findSavedTorrent(this.#files, version, torrentSha256);
    return manifest && torrent && { version, manifestSha256, torrentSha256 };
  }

  /**
   * The signed manifest of any release; one that the install keeps is not fetched again.
   *
   * @throws {LauncherError} `release_not_found`, {TrustError}, {ReleaseError}
   */
  async manifest(version: string): Promise<Manifest> {
    const path = manifestTargetPath(version);
    this.#expectTarget(path, 'release_not_found', `release ${version}`);
    const target = this.#client.target(path);
    const saved = target && (await findSavedManifest(this.#files, version, target.sha256));
    return saved ? parseManifest(saved) : this.#client.fetchManifest(this.#fetcher, version);
  }

  /** The patches that the origin offers, on its word alone. @throws {TrustError}, {ReleaseError}, {ApiError} */
  patches(): Promise<PatchEntry[]> {
    return this.#client.fetchPatches(this.#fetcher);
  }

  #expectTarget(path: string, code: 'channel_not_found' | 'release_not_found', what: string): void {
    if (this.#client.target(path) !== undefined) return;
    throw new LauncherError(
      code,
      `look for ${what} of ${this.#client.game}: the studio has signed no such thing; check the name`,
    );
  }

  /**
   * The signed documents of the installed release, from the install alone.
   *
   * @throws {InstallError} `state_corrupt` when they are not what was signed
   */
  async installed(release: InstalledRelease): Promise<Release> {
    return this.#assemble(release.version, await this.#savedDocuments(release));
  }

  /** As `installed`, where the pieces may not be wanted: the torrent of many files takes long to parse. */
  async installedManifest(release: InstalledRelease): Promise<InstalledManifest> {
    const { version } = release;
    const documents = await this.#savedDocuments(release);
    let assembled: Release | undefined;
    return {
      manifest: this.#parseManifest(version, documents.manifestBytes),
      pieces: () => (assembled ??= this.#assemble(version, documents)).pieces,
    };
  }

  async #savedDocuments(release: InstalledRelease): Promise<ReleaseDocuments> {
    const { version, manifestSha256, torrentSha256 } = release;
    const manifestTarget = this.#client.target(manifestTargetPath(version));
    const torrentTarget = this.#client.target(torrentTargetPath(version));
    const manifestBytes = await findSavedManifest(this.#files, version, manifestTarget?.sha256 ?? manifestSha256);
    const torrentBytes = await findSavedTorrent(this.#files, version, torrentTarget?.sha256 ?? torrentSha256);
    if (manifestBytes === undefined || torrentBytes === undefined) {
      throw new InstallError(
        'state_corrupt',
        `read release ${version}: found its documents missing or not as signed; run repair to fetch them again`,
      );
    }
    return { manifestBytes, torrentBytes };
  }

  #parseManifest(version: string, bytes: Uint8Array): Manifest {
    const manifest = parseManifest(bytes);
    if (manifest.game === this.#client.game && manifest.version === version) return manifest;
    throw new LauncherError(
      'release_mismatch',
      `read the manifest of ${this.#client.game} ${version}: found ${manifest.game} ${manifest.version}`,
    );
  }

  #assemble(version: string, documents: ReleaseDocuments): Release {
    const manifest = this.#parseManifest(version, documents.manifestBytes);
    const metainfo = parseTorrent(documents.torrentBytes);
    assertManifestMatchesTorrent(manifest, metainfo);
    const manifestSha256 = describeTarget(documents.manifestBytes).sha256;
    const torrentSha256 = describeTarget(documents.torrentBytes).sha256;
    return {
      manifest,
      ...documents,
      metainfo,
      pieces: new ReleasePieces(manifest, metainfo),
      installed: { version, manifestSha256, torrentSha256 },
    };
  }
}
