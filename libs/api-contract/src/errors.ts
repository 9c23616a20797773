import { z } from 'zod';

/** The codes that the origin answers with, and the HTTP status of each. */
export const apiErrorStatus: Readonly<Record<ApiErrorCode, number>> = {
  bad_request: 400,
  bad_manifest: 400,
  bad_torrent: 400,
  bad_upload: 400,
  bad_trust: 400,
  bad_game_id: 400,
  bad_version: 400,
  bad_channel: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  game_not_found: 404,
  release_not_found: 404,
  upload_not_found: 404,
  game_exists: 409,
  game_not_ready: 409,
  version_exists: 409,
  targets_version_conflict: 409,
  blobs_missing: 409,
  too_large: 413,
  range_not_satisfiable: 416,
  too_many_requests: 429,
  internal: 500,
  storage_full: 507,
};

export type ApiErrorCode =
  | 'bad_request'
  | 'bad_manifest'
  | 'bad_torrent'
  | 'bad_upload'
  | 'bad_trust'
  | 'bad_game_id'
  | 'bad_version'
  | 'bad_channel'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'game_not_found'
  | 'release_not_found'
  | 'upload_not_found'
  | 'game_exists'
  | 'game_not_ready'
  | 'version_exists'
  | 'targets_version_conflict'
  | 'blobs_missing'
  | 'too_large'
  | 'range_not_satisfiable'
  | 'too_many_requests'
  | 'internal'
  | 'storage_full';

/** The body of every answer that is not 2xx. `code` is an `ApiErrorCode`, or one that a newer origin added. */
export interface ApiErrorBody {
  error: { code: string; message: string };
}

export const apiErrorBodySchema: z.ZodType<ApiErrorBody> = z.object({
  error: z.object({ code: z.string().regex(/^[a-z][a-z0-9_]*$/), message: z.string() }),
});
