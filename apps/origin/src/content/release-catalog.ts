import { Injectable } from '@nestjs/common';
import { parseManifest } from '@swarmpatch/release';
import { type ReleaseRecord, ReleaseRepository } from '../releases/release.repository.ts';
import { DocumentStore } from '../trust/document-store.ts';
import { ReleaseIndex } from './release-index.ts';
import { WeightedCache } from './weighted-cache.ts';

/** Files of releases whose index is kept in memory: about 250 bytes each. */
const CACHED_FILES_MAX = 500_000;
/** Releases that are remembered to be published, so that a request for content needs no database. */
const CACHED_RELEASES_MAX = 4_096;

/** Published releases and what is in them. A release never changes, so what was loaded stays good. */
@Injectable()
export class ReleaseCatalog {
  readonly #releases: ReleaseRepository;
  readonly #documents: DocumentStore;
  readonly #known = new WeightedCache<ReleaseRecord>(CACHED_RELEASES_MAX, () => 1);
  readonly #indexes = new WeightedCache<ReleaseIndex>(CACHED_FILES_MAX, (index) => index.fileCount);

  constructor(releases: ReleaseRepository, documents: DocumentStore) {
    this.#releases = releases;
    this.#documents = documents;
  }

  /** @returns Undefined when it is not published. */
  async find(game: string, version: string): Promise<ReleaseRecord | undefined> {
    try {
      return await this.#known.get(`${game} ${version}`, async () => {
        const release = await this.#releases.find(game, version);
        if (!release) throw new NotPublished();
        return release;
      });
    } catch (error) {
      if (error instanceof NotPublished) return undefined;
      throw error;
    }
  }

  /** @returns Undefined when it is not published. */
  async index(game: string, version: string): Promise<ReleaseIndex | undefined> {
    const release = await this.find(game, version);
    if (!release) return undefined;
    const { manifestPiecesRoot, manifestSha256 } = release;
    return this.#indexes.get(manifestPiecesRoot, async () => {
      return new ReleaseIndex(parseManifest(await this.#documents.read(manifestPiecesRoot)), manifestSha256);
    });
  }
}

/** Keeps what is not there out of the cache: it may be published next. */
class NotPublished extends Error {}
