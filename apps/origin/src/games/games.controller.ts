import { Body, Controller, Get, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import {
  type CreateGameReply,
  createGameReplySchema,
  type CreateGameRequest,
  createGameRequestSchema,
  type GameListReply,
  gameListReplySchema,
  type GameReply,
  gameReplySchema,
  type PutTargetsReply,
  putTargetsReplySchema,
  type PutTargetsRequest,
  putTargetsRequestSchema,
  type PutTrustReply,
  putTrustReplySchema,
  type PutTrustRequest,
  putTrustRequestSchema,
  REQUEST_BYTES_MAX,
} from '@swarmpatch/api-contract';
import { Describe } from '../docs/operation.ts';
import { JsonBody } from '../http/incoming-body.ts';
import { PatchPlanner } from '../patches/patch-planner.ts';
import { AuditLog } from '../tokens/audit-log.ts';
import { BearerGuard } from '../tokens/bearer.guard.ts';
import { type Caller, FromCaller } from '../tokens/caller.ts';
import { nextTargetsOf, targetsReplyOf } from '../trust/next-targets.ts';
import { Publisher } from '../trust/publisher.ts';
import { GameDirectory } from './game-directory.ts';

@Controller('api/games')
export class GamesController {
  readonly #games: GameDirectory;
  readonly #publisher: Publisher;
  readonly #patches: PatchPlanner;
  readonly #audit: AuditLog;

  constructor(games: GameDirectory, publisher: Publisher, patches: PatchPlanner, audit: AuditLog) {
    this.#games = games;
    this.#publisher = publisher;
    this.#patches = patches;
    this.#audit = audit;
  }

  @Get()
  @Describe({ summary: 'Games of this origin', reply: gameListReplySchema })
  list(): Promise<GameListReply> {
    return this.#games.list();
  }

  @Get(':game')
  @Describe({
    summary: 'A game, its channels and its newest version',
    reply: gameReplySchema,
    errors: ['game_not_found'],
  })
  show(@Param('game') game: string): Promise<GameReply> {
    return this.#games.show(game);
  }

  @Post()
  @HttpCode(200)
  @UseGuards(BearerGuard)
  @Describe({
    summary: 'Register a game; the answer names the key that its root must give snapshot and timestamp to',
    token: 'publish',
    body: createGameRequestSchema,
    reply: createGameReplySchema,
    errors: ['game_exists'],
  })
  async create(
    @FromCaller() caller: Caller,
    @Body({ schema: createGameRequestSchema, pipes: [new JsonBody(REQUEST_BYTES_MAX)] }) request: CreateGameRequest,
  ): Promise<CreateGameReply> {
    caller.checkMayPublish(request.id);
    const reply = await this.#games.create(request.id, request.title);
    this.#audit.record(caller, 'game.create', { game: request.id });
    return reply;
  }

  @Put(':game/trust')
  @UseGuards(BearerGuard)
  @Describe({
    summary: 'Send version 1 of the signed root and targets; the game is then ready for releases',
    token: 'publish',
    body: putTrustRequestSchema,
    reply: putTrustReplySchema,
    errors: ['game_not_found', 'game_exists', 'bad_trust'],
  })
  async open(
    @Param('game') game: string,
    @FromCaller() caller: Caller,
    @Body({ schema: putTrustRequestSchema, pipes: [new JsonBody(REQUEST_BYTES_MAX)] }) request: PutTrustRequest,
  ): Promise<PutTrustReply> {
    await this.#games.find(game);
    const encoder = new TextEncoder();
    const rootFingerprint = await this.#publisher.open(game, {
      root: encoder.encode(request.root),
      targets: encoder.encode(request.targets),
    });
    this.#audit.record(caller, 'trust.open', { game, rootFingerprint });
    return { game, rootFingerprint };
  }

  @Put(':game/targets')
  @UseGuards(BearerGuard)
  @Describe({
    summary: 'Publish the next signed targets, to move channels',
    token: 'publish',
    body: putTargetsRequestSchema,
    reply: putTargetsReplySchema,
    errors: ['game_not_found', 'game_not_ready', 'targets_version_conflict', 'bad_trust'],
  })
  async publishTargets(
    @Param('game') game: string,
    @FromCaller() caller: Caller,
    @Body({ schema: putTargetsRequestSchema, pipes: [new JsonBody(REQUEST_BYTES_MAX)] }) request: PutTargetsRequest,
  ): Promise<PutTargetsReply> {
    const published = await this.#publisher.publish(await this.#games.find(game), nextTargetsOf(request));
    this.#audit.record(caller, 'targets.publish', { game, targetsVersion: published.targetsVersion });
    await this.#patches.plan(game);
    return targetsReplyOf(published);
  }
}
