import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { OriginError } from '../origin-error.ts';
import { mayPublish, type TokenScope } from './token-scope.ts';

/** Who sent a request, by its token. */
export class Caller {
  readonly tokenId: string;
  readonly #scope: TokenScope;

  constructor(tokenId: string, scope: TokenScope) {
    this.tokenId = tokenId;
    this.#scope = scope;
  }

  /** @throws {OriginError} `forbidden` */
  checkMayPublish(game: string): void {
    if (mayPublish(this.#scope, game)) return;
    throw new OriginError(
      'forbidden',
      `publish to ${game}: token ${this.tokenId} has scope ${this.#scope}, wanted publish:${game} or admin`,
    );
  }
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** The caller that `BearerGuard` let in. */
export const FromCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!caller) throw new OriginError('unauthorized', 'read the caller: this route checks no token');
  return caller;
});
