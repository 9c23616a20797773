export type WebSeedErrorCode =
  | 'web_seed_bad_length'
  | 'web_seed_bad_range'
  | 'web_seed_bad_status'
  | 'web_seed_busy'
  | 'web_seed_encoded'
  | 'web_seed_missing'
  | 'web_seed_range_ignored'
  | 'web_seed_refused'
  | 'web_seed_timed_out'
  | 'web_seed_unreachable';

/** A web seed that did not give the bytes that were asked for. */
export class WebSeedError extends Error {
  override readonly name = 'WebSeedError';
  readonly code: WebSeedErrorCode;
  readonly url: string;
  readonly status: number | undefined;
  /** The server asked to be left alone for so long (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: WebSeedErrorCode,
    url: string,
    message: string,
    detail: { status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.url = url;
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
  }
}
