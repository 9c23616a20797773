import {
  gameReplySchema,
  originPaths,
  patchListReplySchema,
  serviceReplySchema,
  type GameReply,
  type PatchSummary,
} from '@swarmpatch/api-contract';
import { ApiError, requestBytes, requestJson } from '@swarmpatch/node-io/api-client';
import { type PatchEntry, patchRange } from '@swarmpatch/release';
import type { TrustFetcher } from '@swarmpatch/trust';

/** A patch is of one file: this is a piece layer of a million pieces. */
const PATCH_TORRENT_BYTES_MAX = 32 * 1024 * 1024;

/** An update waits for the answer. */
const PATCHES_TIMEOUT_MS = 10_000;

type PatchEnds = Pick<PatchEntry, 'from' | 'to'>;

/** An origin as players' launchers use it: unauthenticated, and believed only about what is signed. */
export class Origin {
  readonly url: string;
  readonly #signal: AbortSignal;

  /** @param url Without a slash at its end. */
  constructor(url: string, signal: AbortSignal) {
    this.url = url;
    this.#signal = signal;
  }

  game(game: string): Promise<GameReply> {
    const url = this.url + originPaths.game(game);
    return requestJson({ method: 'GET', url, schema: gameReplySchema, signal: this.#signal });
  }

  /** Announce URLs; none when the origin does not say. */
  async trackers(): Promise<string[]> {
    const url = this.url + originPaths.service();
    const { trackers } = await requestJson({ method: 'GET', url, schema: serviceReplySchema, signal: this.#signal });
    return trackers;
  }

  /** Whether it can be reached: a refusal is an answer, too. */
  async answers(): Promise<boolean> {
    try {
      await this.trackers();
      return true;
    } catch (error) {
      return error instanceof ApiError && error.status !== undefined;
    }
  }

  /** Patches to a release that are made or to be made, on the origin's word alone. @throws {ApiError} */
  async patchesTo(game: string, version: string): Promise<PatchSummary[]> {
    const url = this.url + originPaths.patches(game, version);
    const timeoutMs = PATCHES_TIMEOUT_MS;
    const request = { method: 'GET', url, schema: patchListReplySchema, timeoutMs, signal: this.#signal } as const;
    return (await requestJson(request)).patches;
  }

  /** The torrent of a patch; what it is of has to be checked. @throws {ApiError} */
  patchTorrent(game: string, { from, to }: PatchEnds, timeoutMs: number): Promise<Uint8Array> {
    const url = this.url + originPaths.torrent(game, patchRange(from, to));
    return requestBytes(url, { bytesMax: PATCH_TORRENT_BYTES_MAX, timeoutMs, signal: this.#signal });
  }

  /** The BEP 19 URL of a patch. */
  patchUrl(game: string, { from, to }: PatchEnds): string {
    return this.url + originPaths.content(game, patchRange(from, to));
  }

  streamUrl(game: string, version: string): string {
    return this.url + originPaths.stream(game, version);
  }

  trustOf(game: string): TrustFetcher {
    return {
      fetch: async (name, bytesMax) => {
        const url = this.url + originPaths.trustFile(game, name);
        try {
          return await requestBytes(url, { bytesMax, signal: this.#signal });
        } catch (error) {
          if (error instanceof ApiError && error.status === 404) return undefined;
          throw error;
        }
      },
    };
  }
}
