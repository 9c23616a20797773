import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GameRepository } from '../games/game.repository.ts';
import { type Logger, LOGGER } from '../log.ts';
import { Publisher } from './publisher.ts';

const RENEWAL_INTERVAL_MS = 10 * 60_000;

/** Keeps timestamps from running out: at start, and while the origin runs. */
@Injectable()
export class MetadataRenewal implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #games: GameRepository;
  readonly #publisher: Publisher;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(games: GameRepository, publisher: Publisher, @Inject(LOGGER) logger: Logger) {
    this.#games = games;
    this.#publisher = publisher;
    this.#logger = logger;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.renewDue();
    this.#timer = setInterval(() => void this.#renewLater(), RENEWAL_INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** One game that cannot be renewed does not keep the others from it. */
  async renewDue(): Promise<void> {
    for (const { id, state } of await this.#games.list()) {
      if (state !== 'ready') continue;
      try {
        if (await this.#publisher.renew(id)) this.#logger.info({ game: id }, 'trust metadata renewed');
      } catch (error) {
        this.#logger.error({ game: id, err: error }, 'trust metadata could not be renewed');
      }
    }
  }

  /** Twice in the life of a timestamp would do: what fails now is tried again in time. */
  async #renewLater(): Promise<void> {
    try {
      await this.renewDue();
    } catch (error) {
      this.#logger.error({ err: error }, 'games could not be listed for renewal');
    }
  }
}
