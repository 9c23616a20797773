import { parseGameId } from '@swarmpatch/release';
import { OriginError } from '../origin-error.ts';

/** What a token may do: everything, or publish releases of one game. */
export type TokenScope = 'admin' | `publish:${string}`;

/** @throws {OriginError} `bad_token_scope` */
export function parseTokenScope(text: string): TokenScope {
  if (text === 'admin') return text;
  const game = text.startsWith('publish:') ? text.slice('publish:'.length) : '';
  try {
    return `publish:${parseGameId(game)}`;
  } catch (cause) {
    throw new OriginError(
      'bad_token_scope',
      `read token scope: found ${JSON.stringify(text.slice(0, 80))}, wanted admin or publish:GAME`,
      { cause },
    );
  }
}

export function mayPublish(scope: TokenScope, game: string): boolean {
  return scope === 'admin' || scope === `publish:${game}`;
}
