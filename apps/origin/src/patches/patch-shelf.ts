import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { BlobStore } from '@swarmpatch/storage';
import type { PatchEntry } from '@swarmpatch/release';
import { type Logger, LOGGER } from '../log.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { PublishedTorrents } from '../tracker/published-torrents.ts';
import { KeyedQueue } from '../trust/keyed-queue.ts';
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
  /** One writer to the store: what is written for one patch is not removed with another. */
  readonly #files = new KeyedQueue();

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
    const ready = await this.#patches.listReady();
    for (const { stored } of ready) if (stored) this.#torrents.allow(stored.torrent);
    const named = rootsOf(ready);
    for await (const { root } of this.#store.list()) if (!named.has(root)) await this.#store.delete(root);
    await this.#store.deletePartials(Number.POSITIVE_INFINITY);
  }

  /** Brings a game's signed listing up to the patches that are ready. */
  async offer(game: string): Promise<void> {
    await this.#publisher.offerPatches(game, () => this.#entries(game));
  }

  /**
   * Puts a patch's files into the store, and lists it once its row says so.
   *
   * @param store Writes the files.
   * @param finish Makes the row `ready`. @returns False when the patch is not wanted any more.
   */
  async add(
    game: string,
    store: () => Promise<StoredPatch>,
    finish: (stored: StoredPatch) => Promise<boolean>,
  ): Promise<StoredPatch | undefined> {
    const stored = await this.#files.run('', async () => {
      const written = await store();
      if (await finish(written)) return written;
      await this.#discard(written);
      return undefined;
    });
    if (stored === undefined) return undefined;
    this.#torrents.allow(stored.torrent);
    await this.offer(game);
    return stored;
  }

  /** Patches whose rows are gone, or do not say `ready` any more. */
  async remove(game: string, gone: readonly PatchRecord[]): Promise<void> {
    await this.offer(game);
    for (const { from, to, stored } of gone) {
      if (stored === undefined) continue;
      this.#torrents.disallow(stored.torrent);
      await this.#files.run('', () => this.#discard(stored));
      this.#logger.info({ game, from, to, bytes: stored.bytes }, 'patch removed');
    }
  }

  /** Removes files that no row names: releases that are equal have equal patches, whose bytes are one blob. */
  async #discard({ piecesRoot, torrentPiecesRoot }: StoredPatch): Promise<void> {
    const named = rootsOf(await this.#patches.listReady());
    for (const root of [piecesRoot, torrentPiecesRoot]) if (!named.has(root)) await this.#store.delete(root);
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

function rootsOf(patches: readonly PatchRecord[]): Set<string> {
  return new Set(patches.flatMap(({ stored }) => (stored ? [stored.piecesRoot, stored.torrentPiecesRoot] : [])));
}
