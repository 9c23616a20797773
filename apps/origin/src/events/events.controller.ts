import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { gameEventSchema } from '@swarmpatch/api-contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Describe } from '../docs/operation.ts';
import { GameDirectory } from '../games/game-directory.ts';
import { GameEvents } from './game-events.ts';

@Controller('api/games/:game/events')
export class EventsController {
  readonly #games: GameDirectory;
  readonly #events: GameEvents;

  constructor(games: GameDirectory, events: GameEvents) {
    this.#games = games;
    this.#events = events;
  }

  @Get()
  @Describe({
    summary: 'How the game stands, then releases, channels that move and patches as they come',
    reply: gameEventSchema,
    replyType: 'text/event-stream',
    errors: ['game_not_found', 'too_many_requests'],
  })
  async listen(@Param('game') game: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#games.find(game);
    if (request.method === 'HEAD') {
      await reply.type('text/event-stream').send();
      return;
    }
    await this.#events.listen(game, reply.raw);
    reply.hijack();
  }
}
