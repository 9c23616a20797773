import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorReplyOf } from './error-reply.ts';
import { IncomingBody } from './incoming-body.ts';

/** A publisher's connection, or a player's, that moves nothing for so long is closed. */
const IDLE_TIMEOUT_MS = 120_000;
/** Longer than what load balancers keep idle connections for, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const PARAM_CHARACTERS_MAX = 512;
/** What is still read of a request that was answered before its end, so that the client gets to see the answer. */
const LEFTOVER_BYTES_MAX = 64 * 1024 * 1024;
const LEFTOVER_MS_MAX = 10_000;

export function createHttpAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // Each body is limited where it is read.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    // What the router refuses, such as a malformed escape, reaches no filter.
    frameworkErrors: (error: unknown, _request: FastifyRequest, reply: FastifyReply) => {
      const { status, body } = errorReplyOf(error);
      void reply.code(status).send(body);
    },
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
  });
  const instance = adapter.getInstance();
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser(['application/json', 'application/x-tar'], (request, payload, done) => {
    done(null, new IncomingBody(payload, request.headers['content-encoding']));
  });
  instance.addHook('onResponse', async (request) => {
    dropLeftover(request);
  });
  return adapter;
}

function dropLeftover({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  let bytes = 0;
  const timer = setTimeout(() => raw.destroy(), LEFTOVER_MS_MAX).unref();
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > LEFTOVER_BYTES_MAX) raw.destroy();
  });
  raw.once('close', () => clearTimeout(timer));
}
