import { Injectable, type OnModuleInit } from '@nestjs/common';
import { INFOHASH_BYTES, Tracker } from '@swarmpatch/tracker';
import { ReleaseRepository } from '../releases/release.repository.ts';

interface Infohashes {
  /** Hex. */
  infohashV1: string;
  infohashV2: string;
}

/** Tells the tracker which torrents are ours: those of published releases, known again after a restart, and of patches. */
@Injectable()
export class PublishedTorrents implements OnModuleInit {
  readonly #tracker: Tracker;
  readonly #releases: ReleaseRepository;

  constructor(tracker: Tracker, releases: ReleaseRepository) {
    this.#tracker = tracker;
    this.#releases = releases;
  }

  async onModuleInit(): Promise<void> {
    for (const infohashes of await this.#releases.listTorrents()) this.allow(infohashes);
  }

  allow(infohashes: Infohashes): void {
    this.#tracker.allow(announcedAs(infohashes));
  }

  disallow(infohashes: Infohashes): void {
    this.#tracker.disallow(announcedAs(infohashes));
  }
}

/** A v2 infohash is announced by its first 20 bytes (BEP 52). */
function announcedAs({ infohashV1, infohashV2 }: Infohashes): Uint8Array[] {
  return [Buffer.from(infohashV1, 'hex'), Buffer.from(infohashV2, 'hex').subarray(0, INFOHASH_BYTES)];
}
