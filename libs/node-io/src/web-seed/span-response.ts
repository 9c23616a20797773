import { HttpError, type HttpResponse, parseRetryAfter } from '../http-client/index.ts';
import type { FetchSpan } from './fetch-plan.ts';
import { WebSeedError, type WebSeedErrorCode } from './web-seed-error.ts';

const CONTENT_RANGE = /^bytes (\d{1,16})-(\d{1,16})\/(?:(\d{1,16})|\*)$/i;

/** Whether the span is all of its resource: then a plain 200 is an answer too. */
export function isWholeResource(span: FetchSpan): boolean {
  return span.startBytes === 0 && span.endBytes === span.resourceLengthBytes;
}

/**
 * Checks that a response announces exactly the bytes of a span, before any of them is read.
 *
 * @throws {WebSeedError}
 */
export function checkSpanHead(response: HttpResponse, span: FetchSpan): void {
  checkStatus(response, span);
  const encoding = response.header('content-encoding') ?? 'identity';
  if (encoding.trim().toLowerCase() !== 'identity') {
    throw refuse('web_seed_encoded', response, span, `the content came encoded as ${encoding}, wanted it as it is`);
  }
  const wantedBytes = span.endBytes - span.startBytes;
  const announced = response.header('content-length');
  if (announced !== undefined && announced !== String(wantedBytes)) {
    throw refuse('web_seed_bad_length', response, span, `a body of ${announced} bytes came, wanted ${wantedBytes}`);
  }
}

function checkStatus(response: HttpResponse, span: FetchSpan): void {
  const { status } = response;
  if (status === 206) {
    checkContentRange(response, span);
    return;
  }
  if (status === 200) {
    if (isWholeResource(span)) return;
    throw refuse('web_seed_range_ignored', response, span, 'the server answered with the whole file, wanted a part');
  }
  if (status === 429 || status === 503)
    throw refuse('web_seed_busy', response, span, `the server is busy (status ${status})`);
  if (status === 404 || status === 410)
    throw refuse('web_seed_missing', response, span, `not there (status ${status})`);
  throw refuse(
    status === 416 ? 'web_seed_bad_range' : 'web_seed_bad_status',
    response,
    span,
    `found status ${status}, wanted 206`,
  );
}

function checkContentRange(response: HttpResponse, span: FetchSpan): void {
  const text = response.header('content-range') ?? '';
  const [, first, last, total] = CONTENT_RANGE.exec(text.trim()) ?? [];
  const isRange = Number(first) === span.startBytes && Number(last) === span.endBytes - 1;
  if (isRange && (total === undefined || Number(total) === span.resourceLengthBytes)) return;
  const wanted = `bytes ${span.startBytes}-${span.endBytes - 1}/${span.resourceLengthBytes}`;
  throw refuse('web_seed_bad_range', response, span, `the answer is for "${text}", wanted "${wanted}"`);
}

function refuse(code: WebSeedErrorCode, response: HttpResponse, span: FetchSpan, found: string): WebSeedError {
  return new WebSeedError(code, span.url, `fetch ${span.url}: ${found}`, {
    status: response.status,
    retryAfterMs: parseRetryAfter(response.header('retry-after'), Date.now()),
  });
}

const CODES_OF_HTTP: Partial<Record<HttpError['code'], WebSeedErrorCode>> = {
  http_timed_out: 'web_seed_timed_out',
  http_unreachable: 'web_seed_unreachable',
};

/** Names a failed exchange as the web seed's failure. Anything but an `HttpError` is passed on as it is. */
export function toWebSeedError(error: unknown, url: string): unknown {
  if (!(error instanceof HttpError)) return error;
  return new WebSeedError(CODES_OF_HTTP[error.code] ?? 'web_seed_refused', url, error.message, { cause: error });
}
