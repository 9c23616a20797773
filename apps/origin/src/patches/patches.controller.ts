import { Controller, Get, Param } from '@nestjs/common';
import {
  type GameStatusReply,
  gameStatusReplySchema,
  type PatchListReply,
  patchListReplySchema,
} from '@swarmpatch/api-contract';
import { Describe } from '../docs/operation.ts';
import { GameDirectory } from '../games/game-directory.ts';
import { OriginError } from '../origin-error.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { PatchStatus } from './patch-status.ts';

@Controller('api/games/:game')
export class PatchesController {
  readonly #games: GameDirectory;
  readonly #releases: ReleaseRepository;
  readonly #status: PatchStatus;

  constructor(games: GameDirectory, releases: ReleaseRepository, status: PatchStatus) {
    this.#games = games;
    this.#releases = releases;
    this.#status = status;
  }

  @Get('status')
  @Describe({
    summary: 'Versions in use, peers, bytes by source, and patches',
    reply: gameStatusReplySchema,
    errors: ['game_not_found'],
  })
  async status(@Param('game') game: string): Promise<GameStatusReply> {
    await this.#games.find(game);
    return this.#status.of(game);
  }

  @Get('releases/:version/patches')
  @Describe({
    summary: 'Patches to a release, made and in the making',
    reply: patchListReplySchema,
    errors: ['game_not_found', 'release_not_found'],
  })
  async patches(@Param('game') game: string, @Param('version') version: string): Promise<PatchListReply> {
    await this.#games.find(game);
    if (!(await this.#releases.find(game, version))) {
      throw new OriginError('release_not_found', `list patches: ${game} has no ${version}; see release list`);
    }
    return { patches: await this.#status.patchesTo(game, version) };
  }
}
