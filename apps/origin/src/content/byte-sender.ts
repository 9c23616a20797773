import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Configuration } from '../configuration.ts';
import { type Logger, LOGGER } from '../log.ts';
import { Metrics, type RouteClass } from '../operations/metrics.ts';
import { Traffic } from '../operations/traffic.ts';
import type { Chunk } from '../storage/chunk-pool.ts';
import { type ByteSpan, selectBytes } from './byte-selection.ts';
import { RateLimit } from './rate-limit.ts';

export interface Sendable {
  routeClass: RouteClass;
  /** The game that it is content of. */
  game?: string;
  contentType: string;
  lengthBytes: number;
  /** Strong, with its quotes. */
  etag?: string;
  caching: 'immutable' | 'no-cache';
  read(span: ByteSpan): AsyncIterable<Chunk>;
}

const cacheControl: Readonly<Record<Sendable['caching'], string>> = {
  immutable: 'public, max-age=31536000, immutable',
  'no-cache': 'no-cache',
};

/** What `--max-upload` holds for: content, by whichever way it goes out. */
const LIMITED: ReadonlySet<RouteClass> = new Set(['content', 'stream', 'patch']);

/** Answers GET and HEAD with bytes: ranges, conditions, caching, and the upload limit on what players fetch. */
@Injectable()
export class ByteSender {
  readonly #metrics: Metrics;
  readonly #traffic: Traffic;
  readonly #logger: Logger;
  readonly #limit: RateLimit | undefined;

  constructor(configuration: Configuration, metrics: Metrics, traffic: Traffic, @Inject(LOGGER) logger: Logger) {
    const { maxUploadBytesPerSecond } = configuration.options;
    this.#limit = maxUploadBytesPerSecond === undefined ? undefined : new RateLimit(maxUploadBytesPerSecond);
    this.#metrics = metrics;
    this.#traffic = traffic;
    this.#logger = logger;
  }

  /** Ends when the last byte is handed to the socket, or the other side is gone. */
  async send(request: FastifyRequest, reply: FastifyReply, body: Sendable): Promise<void> {
    const { lengthBytes, etag } = body;
    const selection = selectBytes(request.method, conditionsOf(request), { lengthBytes, etag });
    const headers: Record<string, string | number> = {
      'accept-ranges': 'bytes',
      'cache-control': cacheControl[body.caching],
      'x-content-type-options': 'nosniff',
      ...(etag !== undefined && { etag }),
    };
    reply.hijack();
    const { raw } = reply;
    if (selection.status === 304 || selection.status === 412) {
      raw.writeHead(selection.status, headers).end();
      return;
    }
    if (selection.status === 416) {
      raw
        .writeHead(416, { 'content-range': `bytes */${lengthBytes}`, 'content-length': 0, 'accept-ranges': 'bytes' })
        .end();
      return;
    }
    const { status, start, end } = selection;
    headers['content-type'] = body.contentType;
    headers['content-length'] = end - start;
    if (status === 206) headers['content-range'] = `bytes ${start}-${end - 1}/${lengthBytes}`;
    raw.writeHead(status, headers);
    if (request.method === 'HEAD' || start === end) {
      raw.end();
      return;
    }
    await this.#stream(raw, body, { start, end });
  }

  async #sendLimited(raw: ServerResponse, chunk: Chunk, limit: RateLimit, gone: AbortSignal): Promise<void> {
    // Its memory does not go round: at a limited rate nothing is gained by that.
    for await (const part of limit.pass(chunk.bytes, gone)) await write(raw, part, () => undefined, gone);
  }

  async #stream(raw: ServerResponse, body: Sendable, span: ByteSpan): Promise<void> {
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const limit = LIMITED.has(body.routeClass) ? this.#limit : undefined;
    try {
      for await (const chunk of body.read(span)) {
        if (limit) await this.#sendLimited(raw, chunk, limit, gone.signal);
        else await write(raw, chunk.bytes, chunk.release, gone.signal);
        this.#metrics.addServedBytes(body.routeClass, chunk.bytes.byteLength);
        if (body.game !== undefined) this.#traffic.add(body.game, chunk.bytes.byteLength);
        if (gone.signal.aborted) return;
      }
      raw.end();
    } catch (error) {
      if (gone.signal.aborted) return;
      // The status is sent: a cut connection is the only way left to say that this is not the whole.
      this.#logger.error({ err: error, routeClass: body.routeClass }, 'content could not be read');
      raw.destroy();
    }
  }
}

/** Waits while the socket has more than it wants. @param onTaken Called when the system has the bytes. */
async function write(raw: ServerResponse, bytes: Uint8Array, onTaken: () => void, gone: AbortSignal): Promise<void> {
  if (!raw.write(bytes, onTaken) && !gone.aborted) await once(raw, 'drain', { signal: gone });
}

function conditionsOf(request: FastifyRequest): Parameters<typeof selectBytes>[1] {
  const { range, 'if-range': ifRange, 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  return { range, ifRange: ifRange === undefined ? undefined : String(ifRange), ifMatch, ifNoneMatch };
}
