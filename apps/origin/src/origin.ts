import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from './clock.ts';
import { Configuration, type HostPort, type OriginOptions } from './configuration.ts';
import { openData } from './database/data-directory.ts';
import { createHttpAdapter } from './http/http-adapter.ts';
import { createLogger, type Logger, NestLog } from './log.ts';
import { OriginError } from './origin-error.ts';
import { OriginModule } from './origin.module.ts';
import { PublicAddress } from './public-address.ts';
import { TrackerEdges } from './tracker/tracker-edges.ts';

/** How long requests under way may take to end when the origin stops. */
const STOP_TIMEOUT_MS = 10_000;

export interface RunningOrigin {
  /** `http://HOST:PORT`, as bound. */
  readonly http: string;
  /** `udp://HOST:PORT`, as bound. */
  readonly udp: string;
  /** Gives a part of the origin; for tests and tools. */
  readonly app: NestFastifyApplication;
  /** Takes no more requests, lets those under way end for a bounded time, and closes what is open. */
  stop(): Promise<void>;
}

export interface OriginSurroundings {
  logger?: Logger;
  clock?: Clock;
  stopTimeoutMs?: number;
}

/**
 * Starts an origin on its data directory.
 *
 * @throws {OriginError} `data_unusable`, `address_in_use`, and what `migrate` and the options say
 */
export async function startOrigin(
  options: OriginOptions,
  surroundings: OriginSurroundings = {},
): Promise<RunningOrigin> {
  const { logger = createLogger(), clock = new Clock(), stopTimeoutMs = STOP_TIMEOUT_MS } = surroundings;
  const configuration = new Configuration(options);
  const database = await openData(configuration);
  const app = await NestFactory.create<NestFastifyApplication>(
    OriginModule.with({ configuration, database, logger, clock }),
    createHttpAdapter(),
    { logger: new NestLog(logger), abortOnError: false, bodyParser: false },
  );
  const stop = async (): Promise<void> => {
    logger.info('origin stopping');
    const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), stopTimeoutMs);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
      await database.close();
    }
  };
  try {
    const { http, udp } = await listen(app, options);
    const publicUrl = options.publicUrl ?? `http://${urlHost(publicHost(http.host))}:${http.port}`;
    app.get(PublicAddress).set(publicUrl, udp.port);
    logger.info({ http, udp, publicUrl, dataDirectory: options.dataDirectory }, 'origin ready');
    return {
      http: `http://${urlHost(http.host)}:${http.port}`,
      udp: `udp://${urlHost(udp.host)}:${udp.port}`,
      app,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(app: NestFastifyApplication, options: OriginOptions): Promise<{ http: HostPort; udp: HostPort }> {
  // What is published is known before anybody can ask for it.
  await app.init();
  const udp = await refusingTakenAddress(options.udp, () => app.get(TrackerEdges).start(options.udp));
  await refusingTakenAddress(options.http, () => app.listen(options.http.port, options.http.host));
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  return { http: { host: address, port }, udp };
}

async function refusingTakenAddress<Result>({ host, port }: HostPort, bind: () => Promise<Result>): Promise<Result> {
  try {
    return await bind();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    const reasons: Record<string, string> = {
      EADDRINUSE: 'somebody listens there already',
      EADDRNOTAVAIL: 'this machine has no such address',
      EACCES: 'this user may not listen there',
      ENOTFOUND: 'no such host is known',
    };
    const reason = reasons[String(cause.code)];
    if (reason === undefined) throw cause;
    throw new OriginError('address_in_use', `listen on ${urlHost(host)}:${port}: ${reason}; choose another address`, {
      cause,
    });
  }
}

/** A host that stands for every address is no address to give to others. */
function publicHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? hostname() : host;
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
