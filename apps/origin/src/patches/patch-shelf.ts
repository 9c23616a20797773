import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { BlobStore } from '@swarmpatch/storage';
import type { PatchEntry } from '@swarmpatch/release';
import { type Logger, LOGGER } from '../log.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { PublishedTorrents } from '../tracker/published-torrents.ts';
import { Publisher } from '../trust/publisher.ts';
import { PATCH_STORE } from './patch-store.ts';
import { type PatchRecord, PatchRepository, type StoredPatch } from './patch.repository.ts';

/** Keeps listing, tracker and stored files in step with the patches that the database says are ready. */
@Injectable()
export class PatchShelf implements OnModuleInit {
  readonly #patches: PatchRepository;
  readonly #releases: ReleaseRepository;
  readonly #publisher: Publisher;
  readonly #torrents: PublishedTorrents;
  readonly #store: BlobStore;
  readonly #logger: Logger;

  constructor(
    patches: PatchRepository,
    releases: ReleaseRepository,
    publisher: Publisher,
    torrents: PublishedTorrents,
    @Inject(PATCH_STORE) store: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#patches = patches;
    this.#releases = releases;
    this.#publisher = publisher;
    this.#torrents = torrents;
    this.#store = store;
    this.#logger = logger;
  }

  /** Tracks what is ready, and removes files that no row names: an origin that ended in the middle left them. */
  async onModuleInit(): Promise<void> {
    const named = new Set<string>();
    for (const { stored } of await this.#patches.listReady()) {
      if (stored === undefined) continue;
      this.#torrents.allow(stored.torrent);
      named.add(stored.piecesRoot).add(stored.torrentPiecesRoot);
    }
    for await (const { root } of this.#store.list()) if (!named.has(root)) await this.#store.delete(root);
    await this.#store.deletePartials(Number.POSITIVE_INFINITY);
  }

  /** Brings a game's signed listing up to the patches that are ready. */
  async offer(game: string): Promise<void> {
    await this.#publisher.offerPatches(game, () => this.#entries(game));
  }

  /** A patch that has become ready. */
  async add(game: string, stored: StoredPatch): Promise<void> {
    this.#torrents.allow(stored.torrent);
    await this.offer(game);
  }

  /** Patches whose rows are gone, or do not say `ready` any more. */
  async remove(game: string, gone: readonly PatchRecord[]): Promise<void> {
    await this.offer(game);
    for (const { from, to, stored } of gone) {
      if (stored === undefined) continue;
      this.#torrents.disallow(stored.torrent);
      await this.discard(stored);
      this.#logger.info({ game, from, to, bytes: stored.bytes }, 'patch removed');
    }
  }

  /** Removes files that no row names. */
  async discard({
    piecesRoot,
    torrentPiecesRoot,
  }: Pick<StoredPatch, 'piecesRoot' | 'torrentPiecesRoot'>): Promise<void> {
    await this.#store.delete(piecesRoot);
    await this.#store.delete(torrentPiecesRoot);
  }

  async #entries(game: string): Promise<PatchEntry[]> {
    const infohashes = new Map(
      (await this.#releases.list(game)).map(({ version, infohashV2 }) => [version, infohashV2] as const),
    );
    return (await this.#patches.list(game)).flatMap(({ from, to, stored }) => {
      const fromInfohashV2 = infohashes.get(from);
      const toInfohashV2 = infohashes.get(to);
      if (stored === undefined || fromInfohashV2 === undefined || toInfohashV2 === undefined) return [];
      const { bytes, writtenBytes, oldReadBytes, torrent } = stored;
      return { from, to, fromInfohashV2, toInfohashV2, bytes, torrent, writtenBytes, oldReadBytes };
    });
  }
}
