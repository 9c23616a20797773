import { Inject, Injectable } from '@nestjs/common';
import { PATCHES_MAX } from '@swarmpatch/release';
import { Clock } from '../clock.ts';
import { Configuration } from '../configuration.ts';
import { GameRepository } from '../games/game.repository.ts';
import { type Logger, LOGGER } from '../log.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { KeyedQueue } from '../trust/keyed-queue.ts';
import { Publisher } from '../trust/publisher.ts';
import { choosePatches, sortOutPatches } from './choose-patches.ts';
import { PatchShelf } from './patch-shelf.ts';
import { PatchRepository } from './patch.repository.ts';
import { VersionUses } from './version-uses.ts';

/** Decides which patches a game is to have: queues those that are missing, and removes those that have had their day. */
@Injectable()
export class PatchPlanner {
  readonly #games: GameRepository;
  readonly #releases: ReleaseRepository;
  readonly #patches: PatchRepository;
  readonly #uses: VersionUses;
  readonly #shelf: PatchShelf;
  readonly #publisher: Publisher;
  readonly #configuration: Configuration;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue = new KeyedQueue();
  #onQueued: () => void = () => undefined;

  constructor(
    games: GameRepository,
    releases: ReleaseRepository,
    patches: PatchRepository,
    uses: VersionUses,
    shelf: PatchShelf,
    publisher: Publisher,
    configuration: Configuration,
    clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#games = games;
    this.#releases = releases;
    this.#patches = patches;
    this.#uses = uses;
    this.#shelf = shelf;
    this.#publisher = publisher;
    this.#configuration = configuration;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param listener Told when there may be something to make. */
  onQueued(listener: () => void): void {
    this.#onQueued = listener;
  }

  /** Never throws: a release is published whether or not patches to it can be planned. */
  async plan(game: string): Promise<void> {
    try {
      await this.#queue.run(game, () => this.#plan(game));
      this.#onQueued();
    } catch (error) {
      this.#logger.error({ game, err: error }, 'patches could not be planned');
    }
  }

  async planAll(): Promise<void> {
    for (const { id, state } of await this.#games.list()) if (state === 'ready') await this.plan(id);
  }

  async #plan(game: string): Promise<void> {
    const { patchCountMax, patchBytesMax } = this.#configuration;
    const countMax = (await this.#publisher.mayOfferPatches(game)) ? patchCountMax : 0;
    const versions = (await this.#releases.list(game)).map(({ version }) => version);
    const targets = new Set((await this.#releases.listChannels(game)).map(({ version }) => version));
    const uses = new Map(
      (await this.#uses.of(game)).map(({ version, updates, peers }) => [version, updates + peers] as const),
    );
    const wanted = choosePatches({ versions, targets, uses, countMax }).slice(0, PATCHES_MAX);
    await this.#patches.queue(
      wanted.map(({ from, to, rank }) => ({ game, from, to, rank })),
      this.#clock.nowMs(),
    );

    const all = (await this.#patches.list(game)).map((patch) => ({ ...patch, bytes: patch.stored?.bytes ?? 0 }));
    const { unwanted, crowdedOut } = sortOutPatches(all, { targets, wanted, countMax, bytesMax: patchBytesMax });
    if (unwanted.length > 0) await this.#patches.remove(unwanted);
    if (crowdedOut.length > 0) {
      const reason = `the patches of ${game} may have ${patchBytesMax} bytes, and better ones have them`;
      await this.#patches.withdraw(crowdedOut, reason, this.#clock.nowMs());
    }
    await this.#shelf.remove(game, [...unwanted, ...crowdedOut]);
  }
}
