import { Inject, Injectable } from '@nestjs/common';
import type { MissingBlob } from '@swarmpatch/api-contract';
import { parseTorrent } from '@swarmpatch/metainfo';
import { assertManifestMatchesTorrent, type Manifest, parseManifest } from '@swarmpatch/release';
import type { BlobStore } from '@swarmpatch/storage';
import { manifestTargetPath, torrentTargetPath } from '@swarmpatch/trust';
import { Clock } from '../clock.ts';
import { WeightedCache } from '../content/weighted-cache.ts';
import type { GameRecord } from '../games/game.repository.ts';
import { OriginError } from '../origin-error.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { BLOB_STORE } from '../storage/blob-store.ts';
import { PublishedTorrents } from '../tracker/published-torrents.ts';
import { DocumentStore } from '../trust/document-store.ts';
import { type NextTargets, type Published, Publisher } from '../trust/publisher.ts';
import { UploadRepository } from './upload.repository.ts';

/** Files of uploads under way whose manifests are kept in memory. */
const CACHED_FILES_MAX = 300_000;

interface UploadSource {
  manifest: Uint8Array;
  torrent: Uint8Array;
}

/** Takes releases in: documents first, then the blobs that are missing, then everything at once. */
@Injectable()
export class UploadIntake {
  readonly #uploads: UploadRepository;
  readonly #releases: ReleaseRepository;
  readonly #documents: DocumentStore;
  readonly #publisher: Publisher;
  readonly #torrents: PublishedTorrents;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #manifests = new WeightedCache<Manifest>(CACHED_FILES_MAX, (manifest) => manifest.files.length);

  constructor(
    uploads: UploadRepository,
    releases: ReleaseRepository,
    documents: DocumentStore,
    publisher: Publisher,
    torrents: PublishedTorrents,
    @Inject(BLOB_STORE) blobs: BlobStore,
    clock: Clock,
  ) {
    this.#uploads = uploads;
    this.#releases = releases;
    this.#documents = documents;
    this.#publisher = publisher;
    this.#torrents = torrents;
    this.#blobs = blobs;
    this.#clock = clock;
  }

  /** @throws {OriginError} `version_exists` */
  async state(game: string, version: string): Promise<'free' | 'open'> {
    await this.#checkFree(game, version);
    return (await this.#uploads.find(game, version)) ? 'open' : 'free';
  }

  /**
   * Begins an upload, or finds it again.
   *
   * @returns What is still to be sent.
   * @throws {OriginError} `version_exists`, `game_not_ready`, `bad_manifest`
   * @throws {ReleaseError}
   * @throws {MetainfoError}
   */
  async begin(game: GameRecord, version: string, source: UploadSource): Promise<MissingBlob[]> {
    if (game.state !== 'ready') {
      throw new OriginError(
        'game_not_ready',
        `upload to ${game.id}: it has no trust root yet; send it with game create`,
      );
    }
    await this.#checkFree(game.id, version);
    const manifest = parseManifest(source.manifest);
    if (manifest.game !== game.id || manifest.version !== version) {
      throw new OriginError(
        'bad_manifest',
        `upload to ${game.id} ${version}: found a manifest of ${manifest.game} ${manifest.version}`,
      );
    }
    assertManifestMatchesTorrent(manifest, parseTorrent(source.torrent));
    const stored = {
      manifest: await this.#documents.put(source.manifest),
      torrent: await this.#documents.put(source.torrent),
    };
    await this.#blobs.flush();
    await this.#uploads.put({ game: game.id, version, ...stored, startedAtMs: this.#clock.nowMs() });
    return this.#missing(manifest);
  }

  /**
   * Length of each blob that the upload may bring, by pieces root.
   *
   * @throws {OriginError} `version_exists`, `upload_not_found`
   */
  async wantedBlobs(game: string, version: string): Promise<Map<string, number>> {
    const { manifest } = await this.#open(game, version);
    return blobsOf(manifest);
  }

  /**
   * Publishes the release: every blob is here, the targets name it, and all of it is written in one transaction.
   *
   * @throws {OriginError} `blobs_missing`, `upload_not_found`, `bad_trust`, `targets_version_conflict`, `version_exists`
   */
  async commit(game: GameRecord, version: string, next: NextTargets): Promise<Published> {
    const { upload, manifest } = await this.#open(game.id, version);
    const missing = await this.#missing(manifest);
    if (missing.length > 0) {
      const bytes = missing.reduce((sum, { length, have }) => sum + length - have, 0);
      throw new OriginError(
        'blobs_missing',
        `publish ${game.id} ${version}: ${missing.length} files (${bytes} bytes) are not here; upload them first`,
      );
    }
    const { infohashV1, infohashV2 } = manifest.torrent;
    const published = await this.#publisher.publish(game, next, {
      record: {
        game: game.id,
        version,
        name: manifest.name,
        lengthBytes: manifest.bytes,
        fileCount: manifest.files.length,
        infohashV1,
        infohashV2,
        ...(manifest.notes !== undefined && { notes: manifest.notes }),
        manifestPiecesRoot: upload.manifest.piecesRoot,
        manifestSha256: upload.manifest.sha256,
        torrentPiecesRoot: upload.torrent.piecesRoot,
        publishedAtMs: this.#clock.nowMs(),
      },
      targets: [
        { path: manifestTargetPath(version), ...upload.manifest },
        { path: torrentTargetPath(version), ...upload.torrent },
      ],
    });
    this.#torrents.allow({ infohashV1, infohashV2 });
    return published;
  }

  async #open(game: string, version: string) {
    const upload = await this.#uploads.find(game, version);
    if (!upload) {
      await this.#checkFree(game, version);
      throw new OriginError(
        'upload_not_found',
        `upload to ${game} ${version}: no such upload was begun; begin it first`,
      );
    }
    const { piecesRoot } = upload.manifest;
    const manifest = await this.#manifests.get(piecesRoot, async () => {
      return parseManifest(await this.#documents.read(piecesRoot));
    });
    return { upload, manifest };
  }

  async #checkFree(game: string, version: string): Promise<void> {
    if (!(await this.#releases.find(game, version))) return;
    throw new OriginError(
      'version_exists',
      `publish ${game} ${version}: that version is published already; choose a new one`,
    );
  }

  async #missing(manifest: Manifest): Promise<MissingBlob[]> {
    const lengths = blobsOf(manifest);
    const missing = await this.#blobs.missing(lengths.keys());
    return missing.map(({ root, partialBytes }) => ({
      piecesRoot: root,
      length: lengths.get(root) ?? 0,
      have: partialBytes,
    }));
  }
}

function blobsOf(manifest: Manifest): Map<string, number> {
  const blobs = new Map<string, number>();
  for (const { piecesRoot, length } of manifest.files) if (piecesRoot !== undefined) blobs.set(piecesRoot, length);
  return blobs;
}
