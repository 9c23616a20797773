import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  HttpError,
  type HttpRequest,
  type HttpResponse,
  parseRetryAfter,
  readBody,
  sendHttp,
  withDeadline,
} from '../http-client/index.ts';
import { ApiError } from './api-error.ts';

/** A list of 60,000 missing blobs is 7 MB. */
export const API_REPLY_BYTES_MAX: number = 64 * 1024 * 1024;
export const API_TIMEOUT_MS = 60_000;
/** Error bodies are short; a longer one is not read. */
const ERROR_REPLY_BYTES_MAX = 64 * 1024;
/** An upload may be silent while the origin writes what it has. */
const UPLOAD_IDLE_TIMEOUT_MS = 300_000;

/** Reads an unknown value as T or throws: a zod schema is one. */
export interface ReplySchema<T> {
  parse(value: unknown): T;
}

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  /** Sent as a bearer token, to this URL alone: the API is never followed to another address. */
  token?: string | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** 'gzip' packs the JSON body: for uploads of tens of MB. */
  compression?: 'gzip';
  /** Sent as it comes, instead of `body`. A stream has no deadline, only `idleTimeoutMs`. */
  stream?: { contentType: string; source: AsyncIterable<Uint8Array> };
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  idleTimeoutMs?: number;
}

const pack = promisify(gzip);

/**
 * Asks an origin's API and reads its JSON reply.
 *
 * @throws {ApiError} the origin's own code and status, or a code of `ApiError`'s when it gave none.
 */
export async function requestJson<T>(request: ApiRequest & { schema: ReplySchema<T> }): Promise<T> {
  const bytes = await ask(request.url, await toHttp(request), request, API_REPLY_BYTES_MAX);
  try {
    return request.schema.parse(bytes.length === 0 ? undefined : JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    const found = error instanceof Error ? error.message.slice(0, 300) : String(error);
    throw new ApiError(
      'origin_bad_reply',
      `read the answer of ${request.url}: ${found}; is this a Swarmpatch origin?`,
      {
        url: request.url,
        cause: error,
      },
    );
  }
}

/**
 * Fetches a document of at most `bytesMax` bytes, through redirects.
 *
 * @throws {ApiError} as `requestJson`; `origin_reply_too_long`. A missing document has `status` 404.
 */
export async function requestBytes(
  url: string,
  options: { bytesMax: number; token?: string | undefined; signal?: AbortSignal | undefined; timeoutMs?: number },
): Promise<Uint8Array> {
  const http: HttpRequest =
    options.token === undefined ? { url } : { url, redirectsMax: 0, headers: bearer(options.token) };
  return ask(url, http, options, options.bytesMax);
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

async function toHttp(request: ApiRequest): Promise<HttpRequest> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (request.token !== undefined) Object.assign(headers, bearer(request.token));
  const http: HttpRequest = { url: request.url, method: request.method, headers, redirectsMax: 0 };
  if (request.idleTimeoutMs !== undefined) http.idleTimeoutMs = request.idleTimeoutMs;
  if (request.stream !== undefined) {
    headers['content-type'] = request.stream.contentType;
    return { idleTimeoutMs: UPLOAD_IDLE_TIMEOUT_MS, ...http, body: request.stream.source };
  }
  if (request.body === undefined) return http;
  headers['content-type'] = 'application/json';
  const json = Buffer.from(JSON.stringify(request.body));
  if (request.compression !== 'gzip') return { ...http, body: json };
  headers['content-encoding'] = 'gzip';
  return { ...http, body: await pack(json, { level: 1 }) };
}

async function ask(
  url: string,
  http: HttpRequest,
  limits: { signal?: AbortSignal | undefined; timeoutMs?: number; stream?: unknown },
  bytesMax: number,
): Promise<Uint8Array> {
  const exchange = async (signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const response = await sendHttp({ ...http, signal });
    if (response.status >= 200 && response.status < 300) return readBody(response, bytesMax);
    throw await readApiError(url, response);
  };
  try {
    if (limits.stream !== undefined) return await exchange(limits.signal);
    return await withDeadline({ url, timeoutMs: limits.timeoutMs ?? API_TIMEOUT_MS, signal: limits.signal }, exchange);
  } catch (error) {
    throw error instanceof HttpError ? toApiError(error, url) : error;
  }
}

function toApiError(error: HttpError, url: string): ApiError {
  const codes: Partial<Record<HttpError['code'], string>> = {
    http_timed_out: 'origin_timed_out',
    http_body_too_long: 'origin_reply_too_long',
    http_unreachable: 'origin_unreachable',
  };
  return new ApiError(codes[error.code] ?? 'origin_failed', error.message, { url, cause: error });
}

async function readApiError(url: string, response: HttpResponse): Promise<ApiError> {
  const { status } = response;
  const detail = { url, status, retryAfterMs: parseRetryAfter(response.header('retry-after'), Date.now()) };
  const named = await readErrorBody(response);
  return named === undefined
    ? new ApiError('origin_failed', `ask ${url}: answered with status ${status}; is this a Swarmpatch origin?`, detail)
    : new ApiError(named.code, named.message, detail);
}

async function readErrorBody(response: HttpResponse): Promise<{ code: string; message: string } | undefined> {
  try {
    const reply: unknown = JSON.parse(Buffer.from(await readBody(response, ERROR_REPLY_BYTES_MAX)).toString('utf8'));
    if (typeof reply !== 'object' || reply === null || !('error' in reply)) return undefined;
    const { error } = reply;
    if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return undefined;
    const { code, message } = error;
    if (typeof code !== 'string' || !/^[a-z][a-z0-9_]{0,63}$/.test(code) || typeof message !== 'string')
      return undefined;
    return { code, message: message.slice(0, 2000) };
  } catch {
    return undefined;
  }
}
