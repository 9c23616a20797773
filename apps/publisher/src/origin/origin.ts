/** The origin's release API as the publisher uses it. */
import {
  type BeginUploadReply,
  type BeginUploadRequest,
  beginUploadReplySchema,
  type CommitUploadReply,
  commitUploadReplySchema,
  type CreateGameReply,
  createGameReplySchema,
  type GameReply,
  gameReplySchema,
  type GameStatusReply,
  gameStatusReplySchema,
  originPaths,
  type PatchListReply,
  patchListReplySchema,
  type PutTargetsReply,
  type PutTargetsRequest,
  putTargetsReplySchema,
  type PutTrustRequest,
  putTrustReplySchema,
  type ReleaseListReply,
  releaseListReplySchema,
  type ReleaseReply,
  releaseReplySchema,
  type ServiceReply,
  serviceReplySchema,
  type UploadBlobsReply,
  uploadBlobsReplySchema,
  type UploadStateReply,
  uploadStateReplySchema,
} from '@swarmpatch/api-contract';
import { TORRENT_BYTES_MAX } from '@swarmpatch/metainfo';
import { ApiError, type ReplySchema, requestBytes, requestJson } from '@swarmpatch/node-io/api-client';
import type { TrustFetcher } from '@swarmpatch/trust';

/** Committing writes a large release's metadata in one transaction, and beginning one may compare 60,000 blobs. */
const SLOW_REQUEST_TIMEOUT_MS = 300_000;

type Ask = Omit<Parameters<typeof requestJson>[0], 'url' | 'schema' | 'token' | 'signal'>;

export class Origin {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal;

  /** @param url With or without a trailing slash. */
  constructor(url: string, token: string | undefined, signal: AbortSignal) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#signal = signal;
  }

  service(): Promise<ServiceReply> {
    return this.#ask(originPaths.service(), { method: 'GET' }, serviceReplySchema);
  }

  createGame(id: string, title: string): Promise<CreateGameReply> {
    return this.#ask(originPaths.games(), { method: 'POST', body: { id, title } }, createGameReplySchema);
  }

  game(game: string): Promise<GameReply> {
    return this.#ask(originPaths.game(game), { method: 'GET' }, gameReplySchema);
  }

  async putTrust(game: string, body: PutTrustRequest): Promise<void> {
    await this.#ask(originPaths.trust(game), { method: 'PUT', body }, putTrustReplySchema);
  }

  putTargets(game: string, body: PutTargetsRequest): Promise<PutTargetsReply> {
    return this.#ask(originPaths.targets(game), { method: 'PUT', body }, putTargetsReplySchema);
  }

  releases(game: string): Promise<ReleaseListReply> {
    return this.#ask(originPaths.releases(game), { method: 'GET' }, releaseListReplySchema);
  }

  release(game: string, version: string): Promise<ReleaseReply> {
    return this.#ask(originPaths.release(game, version), { method: 'GET' }, releaseReplySchema);
  }

  patches(game: string, version: string): Promise<PatchListReply> {
    return this.#ask(originPaths.patches(game, version), { method: 'GET' }, patchListReplySchema);
  }

  status(game: string): Promise<GameStatusReply> {
    return this.#ask(originPaths.status(game), { method: 'GET' }, gameStatusReplySchema);
  }

  uploadState(game: string, version: string): Promise<UploadStateReply> {
    return this.#ask(originPaths.upload(game, version), { method: 'GET' }, uploadStateReplySchema);
  }

  beginUpload(game: string, version: string, body: BeginUploadRequest): Promise<BeginUploadReply> {
    const ask: Ask = { method: 'PUT', body, compression: 'gzip', timeoutMs: SLOW_REQUEST_TIMEOUT_MS };
    return this.#ask(originPaths.upload(game, version), ask, beginUploadReplySchema);
  }

  sendBlobs(game: string, version: string, tar: AsyncIterable<Uint8Array>): Promise<UploadBlobsReply> {
    const ask: Ask = { method: 'POST', stream: { contentType: 'application/x-tar', source: tar } };
    return this.#ask(originPaths.blobs(game, version), ask, uploadBlobsReplySchema);
  }

  commitUpload(game: string, version: string, body: PutTargetsRequest): Promise<CommitUploadReply> {
    const ask: Ask = { method: 'POST', body, timeoutMs: SLOW_REQUEST_TIMEOUT_MS };
    return this.#ask(originPaths.commit(game, version), ask, commitUploadReplySchema);
  }

  /** A release's torrent as anybody may have it. */
  torrent(game: string, version: string): Promise<Uint8Array> {
    const url = this.url + originPaths.torrent(game, version);
    return requestBytes(url, { bytesMax: TORRENT_BYTES_MAX, signal: this.#signal });
  }

  trustOf(game: string): TrustFetcher {
    return {
      fetch: async (name, bytesMax) => {
        try {
          // The token tells the origin that this is no player.
          return await requestBytes(this.url + originPaths.trustFile(game, name), {
            bytesMax,
            token: this.#token,
            signal: this.#signal,
          });
        } catch (error) {
          if (error instanceof ApiError && error.status === 404) return undefined;
          throw error;
        }
      },
    };
  }

  #ask<Reply>(path: string, ask: Ask, schema: ReplySchema<Reply>): Promise<Reply> {
    return requestJson({ ...ask, url: this.url + path, token: this.#token, schema, signal: this.#signal });
  }
}
