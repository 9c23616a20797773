import { Controller, Get, Param } from '@nestjs/common';
import {
  type ReleaseListReply,
  releaseListReplySchema,
  type ReleaseReply,
  releaseReplySchema,
  type ReleaseSummary,
} from '@swarmpatch/api-contract';
import { Describe } from '../docs/operation.ts';
import { GameDirectory } from '../games/game-directory.ts';
import { OriginError } from '../origin-error.ts';
import { type ReleaseRecord, ReleaseRepository } from './release.repository.ts';

@Controller('api/games/:game/releases')
export class ReleasesController {
  readonly #games: GameDirectory;
  readonly #releases: ReleaseRepository;

  constructor(games: GameDirectory, releases: ReleaseRepository) {
    this.#games = games;
    this.#releases = releases;
  }

  @Get()
  @Describe({ summary: 'Releases of a game, newest first', reply: releaseListReplySchema, errors: ['game_not_found'] })
  async list(@Param('game') game: string): Promise<ReleaseListReply> {
    await this.#games.find(game);
    return { releases: (await this.#releases.list(game)).map(summaryOf) };
  }

  @Get(':version')
  @Describe({
    summary: 'A release, and the channels that name it',
    reply: releaseReplySchema,
    errors: ['game_not_found', 'release_not_found'],
  })
  async show(@Param('game') game: string, @Param('version') version: string): Promise<ReleaseReply> {
    await this.#games.find(game);
    const release = await this.#releases.find(game, version);
    if (!release) {
      throw new OriginError('release_not_found', `find release: ${game} has no ${version}; see release list`);
    }
    const { fileCount, notes, manifestSha256 } = release;
    const channels = await this.#releases.listChannels(game);
    return {
      ...summaryOf(release),
      files: fileCount,
      ...(notes !== undefined && { notes }),
      manifestSha256,
      channels: channels.filter((channel) => channel.version === version).map(({ name }) => name),
    };
  }
}

function summaryOf(release: ReleaseRecord): ReleaseSummary {
  const { version, lengthBytes, infohashV1, infohashV2, publishedAtMs } = release;
  return {
    version,
    state: 'published',
    bytes: lengthBytes,
    infohashV1,
    infohashV2,
    publishedAt: new Date(publishedAtMs).toISOString(),
  };
}
