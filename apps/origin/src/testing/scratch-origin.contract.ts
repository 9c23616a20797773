/** Origins on scratch directories and free ports, for specs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Clock } from '../clock.ts';
import type { OriginOptions } from '../configuration.ts';
import { type RunningOrigin, startOrigin } from '../origin.ts';
import { TokenKeeper } from '../tokens/token-keeper.ts';
import type { TokenScope } from '../tokens/token-scope.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Real time plus what a spec adds to it. */
export class ShiftedClock extends Clock {
  shiftMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.shiftMs;
  }
}

export class ScratchOrigin {
  readonly dataDirectory: string;
  readonly clock = new ShiftedClock();
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[] = [];
  readonly #options: Partial<OriginOptions>;
  #running: RunningOrigin | undefined;

  private constructor(dataDirectory: string, options: Partial<OriginOptions>) {
    this.dataDirectory = dataDirectory;
    this.#options = options;
  }

  static async start(options: Partial<OriginOptions> = {}): Promise<ScratchOrigin> {
    const origin = new ScratchOrigin(await mkdtemp(join(tmpdir(), 'origin-')), options);
    await origin.start();
    return origin;
  }

  async start(): Promise<void> {
    const { dataDirectory, clock } = this;
    const write = (line: Buffer, _: unknown, done: () => void): void => {
      this.log.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    };
    const logger = pino({}, new Writable({ write }));
    const options = { dataDirectory, http: ANY_PORT, udp: ANY_PORT, ...this.#options };
    this.#running = await startOrigin(options, { logger, clock, stopTimeoutMs: 500 });
  }

  get running(): RunningOrigin {
    if (!this.#running) throw new Error('the origin is not running');
    return this.#running;
  }

  get url(): string {
    return this.running.http;
  }

  async token(scope: TokenScope, expiresDays?: number): Promise<string> {
    return (await this.running.app.get(TokenKeeper).create(scope, expiresDays)).text;
  }

  async revoke(tokenId: string): Promise<void> {
    await this.running.app.get(TokenKeeper).revoke(tokenId);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}
