import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type SessionOptions, type Transfer, TransferError, TransferSession } from '@swarmpatch/node-io/transfer';
import { type CommandContext, failureOf } from '@swarmpatch/terminal';

import type { LoopbackApi } from '../api/loopback-api.ts';
import type { PlayableEvent, ShownTorrent, TransferBoard, WatchView } from '../api/transfer-board.ts';
import { TransferPauses } from '../pausing/transfer-pauses.ts';
import type { TransferSettings } from '../transfer-options.ts';
import { DhtStateFile } from './dht-state-file.ts';

const API_FILE = 'api.json';
const OWNER_ALONE = 0o600;

/**
 * All that one command transfers: one session under the user's limits, what pauses it, and the API that shows it. The session
 * begins with the first torrent: a command that needs none opens no port.
 */
export class CommandTransfers implements TransferBoard {
  readonly settings: TransferSettings;
  readonly #stateDirectory: string;
  readonly #context: CommandContext;
  readonly #startedMs: number;
  readonly #torrents = new Set<ShownTorrent>();
  readonly #playable: PlayableEvent[] = [];
  readonly #dhtState: DhtStateFile;
  #opening: Promise<TransferSession> | undefined;
  #session: TransferSession | undefined;
  #pauses: TransferPauses | undefined;
  #api: LoopbackApi | undefined;
  #isDone = false;
  #watch: WatchView | undefined;

  private constructor(settings: TransferSettings, stateDirectory: string, context: CommandContext) {
    this.settings = settings;
    this.#stateDirectory = stateDirectory;
    this.#dhtState = new DhtStateFile(stateDirectory);
    this.#context = context;
    this.#startedMs = context.nowMs();
  }

  /**
   * @param stateDirectory Where the API's address, its token and what the DHT knew are kept.
   * @throws {LauncherError} `api_failed`
   */
  static async open(
    settings: TransferSettings,
    stateDirectory: string,
    context: CommandContext,
  ): Promise<CommandTransfers> {
    const transfers = new CommandTransfers(settings, stateDirectory, context);
    if (settings.api) await transfers.#openApi(settings.api);
    return transfers;
  }

  get torrents(): readonly ShownTorrent[] {
    return [...this.#torrents];
  }

  get pausedBy(): readonly string[] {
    return this.#pauses?.reasons ?? [];
  }

  get playable(): readonly PlayableEvent[] {
    return this.#playable;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get watch(): WatchView | undefined {
    return this.#watch;
  }

  /** @throws {TransferError} `listen_failed` */
  session(): Promise<TransferSession> {
    this.#opening ??= this.#openSession();
    return this.#opening;
  }

  /** Shows a torrent until it has ended. */
  show(torrent: ShownTorrent): void {
    this.#torrents.add(torrent);
    void torrent.transfer.ended.then(() => this.#torrents.delete(torrent));
  }

  /** Seconds since the command began. */
  get seconds(): number {
    return (this.#context.nowMs() - this.#startedMs) / 1000;
  }

  /** Says that a game can be started. */
  announcePlayable(event: PlayableEvent): void {
    this.#playable.push(event);
    this.#api?.playable(event);
    const when = `${event.seconds.toFixed(1)} s`;
    this.#context.warn(
      `playable after ${when}: ${event.files.length} files of ${event.name} are in ${event.directory}`,
    );
  }

  /** Of a command that stays on: what is here is not all any more once there is something new. */
  announceWatch(view: WatchView): void {
    this.#watch = view;
    this.#isDone = view.wanted === null;
    this.#api?.watching(view);
  }

  /** All that was wanted is here. */
  announceDone(): void {
    this.#isDone = true;
    this.#api?.done();
  }

  /** What the command fails with, to those who listen. */
  announceFailure(error: unknown): void {
    const { signal } = this.#context;
    this.#api?.failed(signal.aborted ? { code: 'interrupted', message: 'stopped on request' } : failureOf(error));
  }

  /** To be waited for before what is read is stopped: who is in the middle of a file gets the rest of it. */
  async readersDone(): Promise<void> {
    await this.#api?.readersDone(this.#context.signal);
  }

  async close(): Promise<void> {
    this.#pauses?.stop();
    await this.#opening?.catch(() => undefined);
    await this.#dhtState.stop();
    await this.#session?.close();
    if (!this.#api) return;
    await this.#api.close();
    await this.#forgetApi(this.#api.token);
  }

  async #openSession(): Promise<TransferSession> {
    const { discovery } = this.settings;
    const dht = discovery?.dht && { ...discovery.dht, state: await this.#dhtState.read() };
    const session = await this.#listen({ ...this.settings, discovery: { ...discovery, dht } });
    this.#session = session;
    this.#dhtState.keep(() => session.dhtState);
    this.#pauses = await TransferPauses.start(session, this.settings.pauses, this.#context);
    return session;
  }

  /** A port that is taken keeps nobody from fetching and serving: another one takes its place, and the user hears of it. */
  async #listen(options: SessionOptions): Promise<TransferSession> {
    try {
      return await TransferSession.open(options);
    } catch (error) {
      if (!(error instanceof TransferError) || error.code !== 'port_taken' || !options.listen) throw error;
      const session = await TransferSession.open({ ...options, listen: { ...options.listen, port: 0 } });
      const { host, port } = options.listen;
      this.#context.warn(
        `port ${port} of ${host} is taken by another program; peers can come in at port ${session.address?.port} instead`,
      );
      return session;
    }
  }

  async #openApi(listen: { host: string; port: number }): Promise<void> {
    // Loaded only by those who ask for it.
    const { LoopbackApi } = await import('../api/loopback-api.ts');
    this.#api = await LoopbackApi.open(listen, this);
    const { url, token } = this.#api;
    await mkdir(this.#stateDirectory, { recursive: true });
    const path = join(this.#stateDirectory, API_FILE);
    // A file that was there before would keep its mode.
    await rm(path, { force: true });
    const document = { address: url, token, pid: process.pid };
    await writeFile(path, `${JSON.stringify(document)}\n`, { mode: OWNER_ALONE, flag: 'wx' });
    this.#context.warn(`API at ${url}; the token is in ${path}`);
  }

  /** An update and a seeder may work on one install: the file is of whoever began last. */
  async #forgetApi(token: string): Promise<void> {
    const path = join(this.#stateDirectory, API_FILE);
    const found = await readFile(path, 'utf8').catch(() => '');
    if (found.includes(token)) await rm(path, { force: true });
    // A download may have nothing else there.
    await rmdir(this.#stateDirectory).catch(() => undefined);
  }
}

/** What a transfer fetched so far, by source, and what it gave. */
export interface TransferBytes {
  readonly fromPeers: number;
  readonly fromWebSeeds: number;
  readonly reused: number;
  readonly uploaded: number;
}

export const NO_BYTES: TransferBytes = { fromPeers: 0, fromWebSeeds: 0, reused: 0, uploaded: 0 };

export function addBytes(left: TransferBytes, right: TransferBytes): TransferBytes {
  return {
    fromPeers: left.fromPeers + right.fromPeers,
    fromWebSeeds: left.fromWebSeeds + right.fromWebSeeds,
    reused: left.reused + right.reused,
    uploaded: left.uploaded + right.uploaded,
  };
}

export function bytesOf({ stats }: Transfer): TransferBytes {
  return {
    fromPeers: stats.fromPeersBytes,
    fromWebSeeds: stats.fromWebSeedsBytes,
    reused: stats.fromDiskBytes,
    uploaded: stats.uploadedBytes,
  };
}
