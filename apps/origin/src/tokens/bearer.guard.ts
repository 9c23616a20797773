import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { rememberCaller } from './caller.ts';
import { TokenKeeper } from './token-keeper.ts';

/** Lets in whoever has a token, and, where the route names a game, may publish to it. */
@Injectable()
export class BearerGuard implements CanActivate {
  readonly #tokens: TokenKeeper;

  constructor(tokens: TokenKeeper) {
    this.#tokens = tokens;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { game?: string } }>>();
    const caller = await this.#tokens.authenticate(request.headers.authorization);
    const { game } = request.params;
    if (game !== undefined) caller.checkMayPublish(game);
    rememberCaller(request, caller);
    return true;
  }
}
