export type HttpErrorCode =
  | 'http_address_refused'
  | 'http_bad_redirect'
  | 'http_bad_url'
  | 'http_body_too_long'
  | 'http_redirects_exceeded'
  | 'http_timed_out'
  | 'http_unreachable';

/** A request that brought no usable response; `url` is the hop at which it ended. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;
  readonly url: string;

  constructor(code: HttpErrorCode, url: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.url = url;
  }
}

const TIMEOUT_CODES = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Names what a socket, resolver or parser threw while `url` was asked. */
export function toHttpError(error: unknown, url: string): HttpError {
  if (error instanceof HttpError) return error;
  const code = codeOf(error);
  const detail = code ?? (error instanceof Error ? error.message : String(error));
  return code !== undefined && TIMEOUT_CODES.has(code)
    ? new HttpError('http_timed_out', url, `ask ${url}: no answer in time (${detail})`, error)
    : new HttpError(
        'http_unreachable',
        url,
        `ask ${url}: no answer (${detail}); check the address and the network`,
        error,
      );
}
