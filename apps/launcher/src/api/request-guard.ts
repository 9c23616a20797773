import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused: its status and what it is told. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/**
 * Who may use the API: whoever knows the token, and no page of another site. A page whose name was made to point here (DNS
 * rebinding) shows in `Host`, one that merely sends requests in `Origin`.
 */
export class RequestGuard {
  readonly #token: string;
  readonly #hosts: ReadonlySet<string>;

  constructor(token: string, port: number) {
    this.#token = token;
    this.#hosts = new Set(['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${port}`));
  }

  refusalOf({ headers }: Pick<IncomingMessage, 'headers'>, url: URL): Refusal | undefined {
    if (!this.#hosts.has(headers.host?.toLowerCase() ?? '')) return { status: 403, message: 'the Host is another one' };
    const { origin } = headers;
    if (origin !== undefined && !this.#isOwn(origin))
      return { status: 403, message: 'pages of other sites are refused' };
    const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    // Players of video take an address and no headers.
    const token = bearer ?? url.searchParams.get('token') ?? '';
    return this.#isToken(token) ? undefined : { status: 401, message: 'the token is missing or wrong' };
  }

  #isOwn(origin: string): boolean {
    return origin.startsWith('http://') && this.#hosts.has(origin.slice('http://'.length).toLowerCase());
  }

  #isToken(text: string): boolean {
    const [given, wanted] = [Buffer.from(text), Buffer.from(this.#token)];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}
