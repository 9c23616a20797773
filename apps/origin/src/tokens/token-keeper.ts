import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.ts';
import { OriginError } from '../origin-error.ts';
import { Caller } from './caller.ts';
import type { TokenScope } from './token-scope.ts';
import { createToken, isSameHash, parseToken } from './token-secret.ts';
import { type TokenRecord, TokenRepository } from './token.repository.ts';

const DAY_MS = 86_400_000;

@Injectable()
export class TokenKeeper {
  readonly #tokens: TokenRepository;
  readonly #clock: Clock;

  constructor(tokens: TokenRepository, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** @returns The token's text, which nothing can show again. */
  async create(scope: TokenScope, expiresDays?: number): Promise<{ text: string; record: TokenRecord }> {
    const { id, sha256, text } = createToken();
    const createdAtMs = this.#clock.nowMs();
    const expiry = expiresDays === undefined ? {} : { expiresAtMs: createdAtMs + expiresDays * DAY_MS };
    const record = { id, sha256, scope, createdAtMs, ...expiry };
    await this.#tokens.add(record);
    return { text, record };
  }

  list(): Promise<TokenRecord[]> {
    return this.#tokens.list();
  }

  /** @throws {OriginError} `token_not_found` */
  async revoke(id: string): Promise<void> {
    if (await this.#tokens.revoke(id, this.#clock.nowMs())) return;
    throw new OriginError('token_not_found', `revoke token: found no token ${id} that is in use; see token list`);
  }

  /**
   * @param authorization The header's value.
   * @throws {OriginError} `unauthorized`
   */
  async authenticate(authorization: string | undefined): Promise<Caller> {
    const [, text] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (text === undefined) throw refused('found no bearer token');
    const given = parseToken(text);
    const known = given && (await this.#tokens.find(given.id));
    if (!given || !known || !isSameHash(given.sha256, known.sha256)) throw refused('found a token that is not known');
    if (known.revokedAtMs !== undefined) throw refused(`token ${known.id} is revoked`);
    if (known.expiresAtMs !== undefined && known.expiresAtMs <= this.#clock.nowMs()) {
      throw refused(`token ${known.id} has expired`);
    }
    return new Caller(known.id, known.scope);
  }
}

function refused(found: string): OriginError {
  return new OriginError('unauthorized', `check token: ${found}; make one with swarmpatch-origin token create`);
}
