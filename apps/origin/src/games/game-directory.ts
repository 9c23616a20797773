import { Injectable } from '@nestjs/common';
import type { CreateGameReply, GameListReply, GameReply } from '@swarmpatch/api-contract';
import { Clock } from '../clock.ts';
import { OriginError } from '../origin-error.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { OnlineKeys } from '../trust/online-keys.ts';
import { type GameRecord, GameRepository } from './game.repository.ts';

@Injectable()
export class GameDirectory {
  readonly #games: GameRepository;
  readonly #releases: ReleaseRepository;
  readonly #keys: OnlineKeys;
  readonly #clock: Clock;

  constructor(games: GameRepository, releases: ReleaseRepository, keys: OnlineKeys, clock: Clock) {
    this.#games = games;
    this.#releases = releases;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Registers a game, or finds it again while it waits for its trust root.
   *
   * @throws {OriginError} `game_exists`
   */
  async create(id: string, title: string): Promise<CreateGameReply> {
    const onlineKey = await this.#keys.ensure(id);
    const createdAtMs = this.#clock.nowMs();
    await this.#games.add({ id, title, state: 'pending', onlineKeyId: onlineKey.keyId, createdAtMs });
    const game = await this.find(id);
    if (game.state === 'ready') {
      throw new OriginError('game_exists', `create game ${id}: it exists and has a trust root; choose another id`);
    }
    return { game: id, onlineKey, state: game.state };
  }

  /** @throws {OriginError} `game_not_found` */
  async find(id: string): Promise<GameRecord> {
    const game = await this.#games.find(id);
    if (game) return game;
    throw new OriginError('game_not_found', `find game: there is no game ${id}; register it with game create`);
  }

  async list(): Promise<GameListReply> {
    const games = await this.#games.list();
    return { games: await Promise.all(games.map((game) => this.#describe(game))) };
  }

  /** @throws {OriginError} `game_not_found` */
  async show(id: string): Promise<GameReply> {
    return this.#describe(await this.find(id));
  }

  async #describe({ id, title, state, rootFingerprint }: GameRecord): Promise<GameReply> {
    const [channels, latest] = await Promise.all([this.#releases.listChannels(id), this.#releases.latestVersion(id)]);
    return {
      id,
      title,
      state,
      ...(rootFingerprint !== undefined && { rootFingerprint }),
      channels: channels.map(({ name, version, rolloutPercent }) => ({
        name,
        version,
        ...(rolloutPercent !== undefined && { rollout: rolloutPercent }),
      })),
      ...(latest !== undefined && { latest }),
    };
  }
}
