import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { agentFor, type HttpReach } from './http-agents.ts';
import { HttpError, toHttpError } from './http-error.ts';
import { namesInside, refusedInside } from './public-address.ts';

export const HTTP_REDIRECTS_MAX = 5;
export const HTTP_IDLE_TIMEOUT_MS = 30_000;
/** Rest of a response that is not wanted is read up to here to keep its connection, and cut beyond. */
const DISCARD_BYTES_MAX = 16 * 1024;

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  headers?: Record<string, string>;
  body?: Uint8Array | AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
  /** Longest silence while waiting for the head and between two chunks of the body. */
  idleTimeoutMs?: number;
  /** Asked for the first URL and for every redirect; a refused hop ends the request. */
  allow?: ((url: URL) => boolean) | undefined;
  /** Which addresses each hop may lead to, by name or by number; any unless given. */
  reach?: ((url: URL) => HttpReach) | undefined;
  /** By which addresses of the host; whichever answers when undefined. */
  family?: 4 | 6 | undefined;
  /** 0 hands a redirect to the caller as a response. Requests with a body are never redirected. */
  redirectsMax?: number;
}

export interface HttpResponse {
  status: number;
  /** The hop that answered, after redirects. */
  url: string;
  header(name: string): string | undefined;
  /** To be read to its end, cut by leaving the loop, or discarded. */
  body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/**
 * One HTTP exchange over kept connections. A response of any status is a value; no response is an error.
 *
 * @throws {HttpError} also from the body's iterator. The signal's reason is thrown as it is.
 */
export async function sendHttp(request: HttpRequest): Promise<HttpResponse> {
  const redirectsMax = request.body === undefined ? (request.redirectsMax ?? HTTP_REDIRECTS_MAX) : 0;
  let url = parseHttpUrl(request.url);
  for (let redirects = 0; ; redirects += 1) {
    if (request.allow?.(url) === false) {
      throw new HttpError(
        'http_address_refused',
        url.href,
        `ask ${url.href}: this address is not one that may be asked here`,
      );
    }
    const reach = request.reach?.(url) ?? 'any';
    if (reach === 'public' && namesInside(url)) throw refusedInside(url.href, url.hostname);
    const response = await exchange(url, reach, request);
    const location = response.header('location');
    if (redirectsMax === 0 || !REDIRECT_STATUSES.has(response.status) || location === undefined) return response;
    await response.discard();
    if (redirects === redirectsMax) {
      throw new HttpError(
        'http_redirects_exceeded',
        url.href,
        `ask ${request.url}: redirected more than ${redirectsMax} times`,
      );
    }
    url = redirectTarget(url, location);
  }
}

/** @throws {HttpError} `http_body_too_long` before more than `bytesMax` bytes are held. */
export async function readBody(response: HttpResponse, bytesMax: number): Promise<Uint8Array> {
  const announced = Number(response.header('content-length') ?? 0);
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  if (announced <= bytesMax) {
    for await (const chunk of response.body) {
      lengthBytes += chunk.length;
      if (lengthBytes > bytesMax) break;
      chunks.push(chunk);
    }
    if (lengthBytes <= bytesMax) return Buffer.concat(chunks, lengthBytes);
  } else {
    await response.discard();
  }
  throw new HttpError(
    'http_body_too_long',
    response.url,
    `read ${response.url}: the answer is longer than ${bytesMax} bytes`,
  );
}

function parseHttpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new HttpError('http_bad_url', text, `ask ${text}: wanted an http or https URL`);
  }
  return url;
}

function redirectTarget(from: URL, location: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isDowngrade = from.protocol === 'https:' && target?.protocol === 'http:';
  if (target === undefined || isDowngrade || (target.protocol !== 'http:' && target.protocol !== 'https:')) {
    throw new HttpError(
      'http_bad_redirect',
      from.href,
      `ask ${from.href}: redirected to ${location}, which is not followed`,
    );
  }
  return target;
}

async function exchange(url: URL, reach: HttpReach, request: HttpRequest): Promise<HttpResponse> {
  const idleTimeoutMs = request.idleTimeoutMs ?? HTTP_IDLE_TIMEOUT_MS;
  const { body, family, signal } = request;
  let answer: Dispatcher.ResponseData;
  try {
    const agent = await agentFor({ reach, family });
    answer = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method ?? 'GET',
      headers: { 'user-agent': 'swarmpatch', ...request.headers },
      body:
        body === undefined || body instanceof Uint8Array ? (body ?? null) : Readable.from(body, { objectMode: false }),
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw toHttpError(error, url.href);
  }
  return toResponse(answer, url.href, signal);
}

function toResponse(answer: Dispatcher.ResponseData, url: string, signal: AbortSignal | undefined): HttpResponse {
  const { headers } = answer;
  return {
    status: answer.statusCode,
    url,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: named(answer.body, url, signal),
    async discard() {
      await answer.body.dump({ limit: DISCARD_BYTES_MAX }).catch(() => undefined);
    },
  };
}

async function* named(
  body: AsyncIterable<Uint8Array>,
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    signal?.throwIfAborted();
    throw toHttpError(error, url);
  }
}
