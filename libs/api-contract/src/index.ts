export { apiErrorBodySchema, apiErrorStatus, type ApiErrorBody, type ApiErrorCode } from './errors.ts';
export { gameEventSchema, type GameEvent, type GameSnapshot, type ListedPatch } from './events.ts';
export {
  base64Schema,
  byteCountSchema,
  channelNameSchema,
  gameIdSchema,
  instantSchema,
  percentSchema,
  sha1HexSchema,
  sha256HexSchema,
  versionSchema,
} from './fields.ts';
export {
  createGameReplySchema,
  createGameRequestSchema,
  gameListReplySchema,
  gameReplySchema,
  GAME_TITLE_CHARACTERS_MAX,
  serviceReplySchema,
  type ChannelSummary,
  type CreateGameReply,
  type CreateGameRequest,
  type GameListReply,
  type GameReply,
  type GameState,
  type PublicKeyBody,
  type ServiceReply,
} from './games.ts';
export {
  gameStatusReplySchema,
  patchListReplySchema,
  type BytesBySource,
  type DefeatedFile,
  type GameStatusReply,
  type PatchListReply,
  type PatchProgress,
  type PatchState,
  type PatchSummary,
  type VersionStatus,
} from './patches.ts';
export { originPaths, type OriginPaths } from './paths.ts';
export {
  releaseListReplySchema,
  releaseReplySchema,
  type ReleaseListReply,
  type ReleaseReply,
  type ReleaseState,
  type ReleaseSummary,
} from './releases.ts';
export {
  commitUploadReplySchema,
  putTargetsReplySchema,
  putTargetsRequestSchema,
  putTrustReplySchema,
  putTrustRequestSchema,
  type CommitUploadReply,
  type PutTargetsReply,
  type PutTargetsRequest,
  type PutTrustReply,
  type PutTrustRequest,
  type TargetDocument,
} from './trust.ts';
export {
  beginUploadReplySchema,
  beginUploadRequestSchema,
  blobEntryName,
  DOCUMENTS_MAX,
  parseBlobEntryName,
  REQUEST_BYTES_MAX,
  UPLOAD_REQUEST_BYTES_MAX,
  uploadBlobsReplySchema,
  uploadStateReplySchema,
  type BeginUploadReply,
  type BeginUploadRequest,
  type MissingBlob,
  type UploadBlobsReply,
  type UploadStateReply,
} from './uploads.ts';
