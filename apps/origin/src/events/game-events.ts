import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { GameEvent } from '@swarmpatch/api-contract';
import { type Logger, LOGGER } from '../log.ts';
import { OriginError } from '../origin-error.ts';
import { Publisher } from '../trust/publisher.ts';
import { type GameStanding, newsBetween, snapshotOf } from './game-news.ts';
import { GameStandings } from './game-standings.ts';

/** Listeners at a time, of all games; each costs a connection. Who is refused asks from time to time instead. */
export const EVENT_LISTENERS_MAX = 4096;
/** A listener that is this far behind is taken to be gone; it gets a snapshot when it comes back. */
export const EVENT_BACKLOG_BYTES_MAX: number = 256 * 1024;
/** What this origin publishes is told at once; what another one on the same database publishes, after so long at most. */
const LOOK_MS = 2_000;
/** Shorter than what routers and proxies forget a silent connection after. */
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it comes back. */
const RETRY_MS = 3_000;

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would keep events until it has a whole buffer of them.
  'x-accel-buffering': 'no',
  connection: 'close',
};

/** Those who listen to one game, and how it stood when they were last told something. */
interface Audience {
  standing: GameStanding;
  readonly listeners: Set<ServerResponse>;
}

/** Tells launchers that there is something new of a game (server-sent events of HTML). */
@Injectable()
export class GameEvents implements BeforeApplicationShutdown {
  readonly #standings: GameStandings;
  readonly #logger: Logger;
  readonly #audiences = new Map<string, Audience>();
  /** After a restart all who listened before come at once: one read is enough for them. */
  readonly #reads = new Map<string, Promise<GameStanding>>();
  /** By game: looks that are under way, and whether another is wanted after it. */
  readonly #looks = new Map<string, { isStale: boolean }>();
  #listenerCount = 0;
  #timers: NodeJS.Timeout[] = [];
  #isEnding = false;

  constructor(standings: GameStandings, publisher: Publisher, @Inject(LOGGER) logger: Logger) {
    this.#standings = standings;
    this.#logger = logger;
    publisher.onChange((game) => void this.#look(game));
  }

  /** To let requests under way end is no use here: these have no end. */
  beforeApplicationShutdown(): void {
    this.#isEnding = true;
    for (const { listeners } of this.#audiences.values()) for (const response of listeners) response.end();
    this.#audiences.clear();
    this.#rest();
  }

  get listenerCount(): number {
    return this.#listenerCount;
  }

  /**
   * Sends how a game stands now, and what is new of it until the listener goes.
   *
   * @param game One that exists.
   * @throws {OriginError} `too_many_requests`
   */
  async listen(game: string, response: ServerResponse): Promise<void> {
    if (this.#listenerCount >= EVENT_LISTENERS_MAX) {
      throw new OriginError(
        'too_many_requests',
        `listen to ${game}: ${EVENT_LISTENERS_MAX} listen already; ask for the trust metadata from time to time`,
      );
    }
    if (response.destroyed) return;
    this.#listenerCount += 1;
    response.once('close', () => this.#leave(game, response));
    const standing = this.#audiences.get(game)?.standing ?? (await this.#readOnce(game));
    if (response.destroyed) return;
    response.writeHead(200, HEADERS);
    if (this.#isEnding) {
      response.end();
      return;
    }
    // Another listener may have been first while this one waited: its audience has been told what came since.
    const audience = this.#audiences.get(game) ?? { standing, listeners: new Set() };
    this.#audiences.set(game, audience);
    audience.listeners.add(response);
    response.write(`retry: ${RETRY_MS}\n\n`);
    send(response, snapshotOf(audience.standing));
    if (this.#timers.length === 0) this.#wake();
  }

  #readOnce(game: string): Promise<GameStanding> {
    const running = this.#reads.get(game) ?? this.#standings.read(game).finally(() => this.#reads.delete(game));
    this.#reads.set(game, running);
    return running;
  }

  #leave(game: string, response: ServerResponse): void {
    this.#listenerCount -= 1;
    const audience = this.#audiences.get(game);
    audience?.listeners.delete(response);
    if (audience?.listeners.size === 0) this.#audiences.delete(game);
    if (this.#audiences.size === 0) this.#rest();
  }

  #wake(): void {
    const lookAtAll = (): void => {
      for (const game of this.#audiences.keys()) void this.#look(game);
    };
    const beat = (): void => {
      for (const { listeners } of this.#audiences.values()) for (const response of listeners) write(response, ':\n\n');
    };
    this.#timers = [setInterval(lookAtAll, LOOK_MS).unref(), setInterval(beat, HEARTBEAT_MS).unref()];
  }

  #rest(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** One look at a time, and another one after it when something happened meanwhile. */
  async #look(game: string): Promise<void> {
    const running = this.#looks.get(game);
    if (running !== undefined) {
      running.isStale = true;
      return;
    }
    const look = { isStale: true };
    this.#looks.set(game, look);
    try {
      while (look.isStale) {
        look.isStale = false;
        await this.#tell(game);
      }
    } catch (error) {
      this.#logger.error({ game, err: error }, 'news could not be read; looking again soon');
    } finally {
      this.#looks.delete(game);
    }
  }

  async #tell(game: string): Promise<void> {
    const before = this.#audiences.get(game);
    if (before === undefined || (await this.#standings.metadataVersion(game)) === before.standing.metadataVersion)
      return;
    const standing = await this.#standings.read(game);
    const audience = this.#audiences.get(game);
    if (audience === undefined) return;
    const news = newsBetween(audience.standing, standing);
    audience.standing = standing;
    for (const event of news) for (const response of audience.listeners) send(response, event);
  }
}

function send(response: ServerResponse, { id, event, data }: GameEvent): void {
  // JSON has no line breaks: the data of an event is one line.
  write(response, `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function write(response: ServerResponse, text: string): void {
  if (response.writableLength > EVENT_BACKLOG_BYTES_MAX) response.destroy();
  else response.write(text);
}
