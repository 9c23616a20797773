import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, LOGGER } from '../log.ts';
import { errorReplyOf } from './error-reply.ts';

/** Turns whatever was thrown into the API's error document. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(@Inject(LOGGER) logger: Logger) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { status, retryAfterSeconds, body } = errorReplyOf(error);
    if (status >= 500) this.#logger.error({ err: error, method: request.method, url: request.url }, 'request failed');
    // Whoever sends bytes takes the socket over, and reports by cutting it.
    if (reply.sent) return;
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    void reply.code(status).header('cache-control', 'no-store').send(body);
  }
}
