import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import type { BlobStore } from '@swarmpatch/storage';
import type { FastifyReply } from 'fastify';
import { Database } from '../database/database.ts';
import { type Logger, LOGGER } from '../log.ts';
import { BLOB_STORE } from '../storage/blob-store.ts';
import { Metrics } from './metrics.ts';

const PROBED_ROOT = '0'.repeat(64);

/** Probes and metrics, for whoever runs the origin. */
@Controller()
export class OperationsController {
  readonly #database: Database;
  readonly #blobs: BlobStore;
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  constructor(
    database: Database,
    @Inject(BLOB_STORE) blobs: BlobStore,
    metrics: Metrics,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#database = database;
    this.#blobs = blobs;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  @Get('health/live')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const checks = {
      database: await this.#isUp('database', () => this.#database.check()),
      blobs: await this.#isUp('blobs', () => this.#blobs.has(PROBED_ROOT)),
    };
    const isReady = checks.database && checks.blobs;
    await reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: isReady ? 'ok' : 'unavailable', checks });
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    await reply
      .type(this.#metrics.contentType)
      .header('cache-control', 'no-store')
      .send(await this.#metrics.text());
  }

  async #isUp(name: string, probe: () => Promise<unknown>): Promise<boolean> {
    try {
      await probe();
      return true;
    } catch (error) {
      this.#logger.error({ err: error, check: name }, 'not ready');
      return false;
    }
  }
}
