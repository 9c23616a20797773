import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, LOGGER } from '../log.ts';
import { Metrics } from '../operations/metrics.ts';

/** Measures every request, by the template of its route. */
@Injectable()
export class RequestObserver {
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  constructor(host: HttpAdapterHost<FastifyAdapter>, metrics: Metrics, @Inject(LOGGER) logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    host.httpAdapter.getInstance().addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
      this.#observe(request, reply);
    });
  }

  #observe(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url ?? 'none';
    const { method } = request;
    const status = reply.raw.statusCode;
    const seconds = reply.elapsedTime / 1000;
    this.#metrics.observeRequest({ method, route, status }, seconds);
    this.#logger.debug({ method, route, status, seconds, remote: request.socket.remoteAddress }, 'request');
  }
}
