export {
  API_REPLY_BYTES_MAX,
  API_TIMEOUT_MS,
  type ApiRequest,
  type ReplySchema,
  requestBytes,
  requestJson,
} from './api-client.ts';
export { ApiError } from './api-error.ts';
