import { HttpException } from '@nestjs/common';
import { apiErrorStatus, type ApiErrorBody } from '@swarmpatch/api-contract';

export interface ErrorReply {
  status: number;
  retryAfterSeconds?: number;
  body: ApiErrorBody;
}

const RETRY_AFTER_SECONDS = 5;

const INTERNAL: ErrorReply = {
  status: 500,
  body: { error: { code: 'internal', message: 'answer the request: the origin failed; its log says why' } },
};

/** Codes of errors that the libraries throw at what a client sent, where 400 does not say it. */
const statusByCode: Readonly<Record<string, number>> = {
  ...apiErrorStatus,
  /** Somebody else is writing it, and will be done. */
  blob_busy: 503,
  release_changed: 409,
  blob_not_found: 500,
  storage_failed: 500,
  data_unusable: 500,
};

/** Errors about bytes that came from outside. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set([
  'OriginError',
  'ReleaseError',
  'MetainfoError',
  'TrustError',
  'StorageError',
]);

/** Statuses that the framework gives, by the code that stands for them here. */
const codeByStatus: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  413: 'too_large',
  429: 'too_many_requests',
};

export function errorReplyOf(error: unknown): ErrorReply {
  if (!(error instanceof Error)) return INTERNAL;
  if (CLIENT_ERRORS.has(error.name) && 'code' in error && typeof error.code === 'string') {
    const status = statusByCode[error.code] ?? 400;
    if (status === 500) return INTERNAL;
    const body = { error: { code: error.code, message: error.message } };
    return { status, ...(status === 503 && { retryAfterSeconds: RETRY_AFTER_SECONDS }), body };
  }
  const status = frameworkStatus(error);
  if (status === undefined || status >= 500) return INTERNAL;
  return { status, body: { error: { code: codeByStatus[status] ?? 'bad_request', message: error.message } } };
}

/** Fastify's errors have a field for it. */
function frameworkStatus(error: Error): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
