/**
 * A request to an origin that failed: `code` is the origin's own when it answered with one, else one of
 * `origin_unreachable`, `origin_timed_out`, `origin_bad_reply`, `origin_reply_too_long`, `origin_failed`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly url: string;
  /** HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;
  /** From Retry-After, when the origin asked for patience. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    detail: { url: string; status?: number; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.url = detail.url;
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
  }
}
