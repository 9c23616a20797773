export { withDeadline } from './deadline.ts';
export { HttpError, type HttpErrorCode } from './http-error.ts';
export { HTTP_CONNECTIONS_PER_HOST_MAX, type HttpReach } from './http-agents.ts';
export {
  HTTP_IDLE_TIMEOUT_MS,
  HTTP_REDIRECTS_MAX,
  type HttpRequest,
  type HttpResponse,
  readBody,
  sendHttp,
} from './http-request.ts';
export { isPublicAddress, namesInside } from './public-address.ts';
export { parseRetryAfter, RETRY_AFTER_MS_MAX } from './retry-after.ts';
