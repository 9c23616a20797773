import { Injectable, type OnApplicationShutdown, type OnModuleInit, Inject } from '@nestjs/common';
import { Tracker } from '@swarmpatch/tracker';
import { Clock } from '../clock.ts';
import { type Logger, LOGGER } from '../log.ts';
import { type ReleaseRecord, ReleaseRepository } from '../releases/release.repository.ts';
import { type VersionUse, VersionUseRepository } from './version-use.repository.ts';

/** How far back what was seen of a version counts. */
export const USE_DAYS = 30;
const DAY_MS = 86_400_000;
const SAMPLE_INTERVAL_MS = 5 * 60_000;

export interface VersionInUse extends Pick<VersionUse, 'version' | 'updates' | 'peers'> {
  /** Peers of the release's torrent now. */
  seeds: number;
  leechers: number;
}

/** Counts which versions players run: peers that announce a release, and launchers that fetch the torrent of one. */
@Injectable()
export class VersionUses implements OnModuleInit, OnApplicationShutdown {
  readonly #repository: VersionUseRepository;
  readonly #releases: ReleaseRepository;
  readonly #tracker: Tracker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #updates = new Map<string, VersionUse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    repository: VersionUseRepository,
    releases: ReleaseRepository,
    tracker: Tracker,
    clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#repository = repository;
    this.#releases = releases;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#logger = logger;
  }

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.#sampleLater(), SAMPLE_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sampleLater();
  }

  /** A launcher fetched the release's signed torrent: it is on its way there. */
  sawUpdate(game: string, version: string): void {
    const key = `${game} ${version}`;
    const use = this.#updates.get(key) ?? { game, version, updates: 0, peers: 0 };
    use.updates += 1;
    this.#updates.set(key, use);
  }

  /** What was seen of each of the game's versions in the last `USE_DAYS`. */
  async of(game: string): Promise<VersionInUse[]> {
    const day = this.#today - USE_DAYS + 1;
    const seen = new Map((await this.#repository.since(game, day)).map((use) => [use.version, use]));
    return (await this.#releases.list(game)).map((release) => {
      const { version } = release;
      const { updates = 0, peers = 0 } = seen.get(version) ?? {};
      const fresh = this.#updates.get(`${game} ${version}`)?.updates ?? 0;
      const { seeds, leechers } = this.#peersOf(release);
      return { version, updates: updates + fresh, peers: Math.max(peers, seeds + leechers), seeds, leechers };
    });
  }

  /** Writes down what was seen since the last time, and who is there now. */
  async #sample(): Promise<void> {
    const uses = new Map(this.#updates);
    this.#updates.clear();
    for (const release of await this.#releases.listTorrents()) {
      const { seeds, leechers } = this.#peersOf(release);
      if (seeds + leechers === 0) continue;
      const key = `${release.game} ${release.version}`;
      const { updates = 0 } = uses.get(key) ?? {};
      uses.set(key, { game: release.game, version: release.version, updates, peers: seeds + leechers });
    }
    if (uses.size > 0) await this.#repository.add(this.#today, [...uses.values()]);
    await this.#repository.forgetBefore(this.#today - USE_DAYS);
  }

  get #today(): number {
    return Math.floor(this.#clock.nowMs() / DAY_MS);
  }

  #peersOf({ infohashV1 }: Pick<ReleaseRecord, 'infohashV1'>): { seeds: number; leechers: number } {
    return this.#tracker.countPeers(Buffer.from(infohashV1, 'hex'), this.#clock.nowMs());
  }

  async #sampleLater(): Promise<void> {
    try {
      await this.#sample();
    } catch (error) {
      this.#logger.error({ err: error }, 'uses of versions could not be written down');
    }
  }
}
