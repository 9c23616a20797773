import { Controller, Get, Header, Req } from '@nestjs/common';
import {
  encodeAnnounceReply,
  encodeFailure,
  encodeScrapeReply,
  parseAnnounceQuery,
  parseScrapeQuery,
  Tracker,
  TrackerError,
} from '@swarmpatch/tracker';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.ts';

/**
 * The tracker over HTTP (BEP 3, 48). `info_hash` is raw percent-encoded bytes, so the query is read as it came. A peer is where
 * its connection comes from: `X-Forwarded-For` is whatever somebody wrote there, and is not looked at.
 */
@Controller()
export class TrackerController {
  readonly #tracker: Tracker;
  readonly #clock: Clock;

  constructor(tracker: Tracker, clock: Clock) {
    this.#tracker = tracker;
    this.#clock = clock;
  }

  @Get('announce')
  @Header('content-type', 'text/plain')
  @Header('cache-control', 'no-store')
  announce(@Req() { raw, socket }: FastifyRequest): Buffer {
    return answer(() => {
      const request = parseAnnounceQuery(queryOf(raw.url));
      const source = { address: socket.remoteAddress ?? '' };
      return encodeAnnounceReply(this.#tracker.announce(request, source, this.#clock.nowMs()));
    });
  }

  @Get('scrape')
  @Header('content-type', 'text/plain')
  @Header('cache-control', 'no-store')
  scrape(@Req() { raw }: FastifyRequest): Buffer {
    return answer(() => {
      return encodeScrapeReply(this.#tracker.scrape(parseScrapeQuery(queryOf(raw.url)), this.#clock.nowMs()));
    });
  }
}

/** Clients read refusals in a bencoded answer with status 200. */
function answer(encode: () => Uint8Array): Buffer {
  try {
    return bufferOf(encode());
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    return bufferOf(encodeFailure(error));
  }
}

/** What Fastify sends as it is. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function queryOf(url = ''): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}
