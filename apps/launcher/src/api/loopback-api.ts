import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { LauncherError } from '../launcher-error.ts';
import { answerJson, refuse } from './answers.ts';
import { EventStreams, sendEvent } from './event-streams.ts';
import { answerWithFile } from './file-answer.ts';
import { RequestGuard } from './request-guard.ts';
import { describeBoard, type PlayableEvent, type TransferBoard, type WatchView } from './transfer-board.ts';

/** Connections at a time: a page, a game and a player of videos need a few. */
export const API_CONNECTIONS_MAX = 64;
/** Of one request, all headers together. */
export const API_HEADER_BYTES_MAX: number = 8 * 1024;
export const API_REQUEST_MS_MAX = 10_000;
const PROGRESS_MS = 250;
/** For the last events to leave. */
const FAREWELL_MS = 500;
const TOKEN_BYTES = 32;

/** Nothing that is answered is kept by a browser, run by it, or lent to pages of other sites. */
const ANSWER_HEADERS: ReadonlyMap<string, string> = new Map([
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; sandbox"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]);

/** Shows a running command to programs of this machine, and streams files that it fetches. */
export class LoopbackApi {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly token: string;
  readonly #server: Server;
  readonly #guard: RequestGuard;
  readonly #board: TransferBoard;
  readonly #events = new EventStreams();
  readonly #timer: NodeJS.Timeout;
  readonly #readers = new Set<Promise<void>>();

  private constructor(server: Server, board: TransferBoard) {
    const { address, port, family } = server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.token = randomBytes(TOKEN_BYTES).toString('base64url');
    this.#server = server;
    this.#board = board;
    this.#guard = new RequestGuard(this.token, port);
    server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#timer = setInterval(() => {
      if (!this.#events.isEmpty) this.#events.sendProgress(describeBoard(board));
    }, PROGRESS_MS).unref();
  }

  /**
   * @param listen An address of this machine alone.
   * @throws {LauncherError} `api_failed`
   */
  static async open({ host, port }: { host: string; port: number }, board: TransferBoard): Promise<LoopbackApi> {
    const server = createServer({
      maxHeaderSize: API_HEADER_BYTES_MAX,
      headersTimeout: API_REQUEST_MS_MAX,
      requestTimeout: API_REQUEST_MS_MAX,
    });
    server.maxConnections = API_CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const found = `listen on ${host}:${port} for --api: ${error.message}; name another port, or 0 for a free one`;
        reject(new LauncherError('api_failed', found, { cause: error }));
      });
      server.listen({ host, port }, resolve);
    });
    return new LoopbackApi(server, board);
  }

  playable(event: PlayableEvent): void {
    this.#events.send('playable', event);
  }

  watching(view: WatchView): void {
    this.#events.send('watch', view);
  }

  done(): void {
    this.#events.send('done', describeBoard(this.#board));
  }

  /** The command cannot go on. */
  failed(error: { readonly code: string; readonly message: string }): void {
    this.#events.send('error', error);
  }

  /** Whoever is in the middle of a file gets the rest of it. */
  async readersDone(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#readers.size === 0) return;
    const aborted = once(signal, 'abort');
    while (this.#readers.size > 0 && !signal.aborted) await Promise.race([aborted, ...this.#readers]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#events.end();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    await Promise.race([closed, sleep(FAREWELL_MS, undefined, { ref: false })]);
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of ANSWER_HEADERS) response.setHeader(name, value);
    const url = URL.canParse(request.url ?? '', this.url) ? new URL(request.url ?? '', this.url) : undefined;
    if (!url) {
      refuse(response, 400, 'the address is not understood');
      return;
    }
    const refusal = this.#guard.refusalOf(request, url);
    if (refusal) refuse(response, refusal.status, refusal.message);
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      refuse(response, 405, 'only GET and HEAD are answered');
    else if (url.pathname === '/status') answerJson(response, describeBoard(this.#board));
    else if (url.pathname === '/events' && request.method === 'GET') this.#listen(response);
    else if (url.pathname.startsWith('/stream/')) await this.#stream(request, response, url.pathname.slice(8));
    else refuse(response, 404, 'there are /status, /events and /stream/PATH');
  }

  #listen(response: ServerResponse): void {
    if (!this.#events.add(response)) {
      refuse(response, 503, 'too many listen already');
      return;
    }
    sendEvent(response, 'progress', describeBoard(this.#board));
    for (const event of this.#board.playable) sendEvent(response, 'playable', event);
    if (this.#board.watch) sendEvent(response, 'watch', this.#board.watch);
    if (this.#board.isDone) sendEvent(response, 'done', describeBoard(this.#board));
  }

  /** A path is looked up among those that the torrents name, and nowhere else. */
  async #stream(request: IncomingMessage, response: ServerResponse, encodedPath: string): Promise<void> {
    const path = decodePath(encodedPath);
    if (this.#board.torrents.length === 0 && !this.#board.isDone) {
      response.setHeader('retry-after', 1);
      refuse(response, 503, 'nothing is transferred yet');
      return;
    }
    for (const torrent of this.#board.torrents) {
      const file = path === undefined ? undefined : torrent.fileAt(path);
      if (path === undefined || !file) continue;
      const reader = answerWithFile(request, response, { path, file, torrent });
      this.#readers.add(reader);
      await reader.finally(() => this.#readers.delete(reader));
      return;
    }
    refuse(response, 404, 'no torrent that is transferred now has such a file');
  }
}

function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
