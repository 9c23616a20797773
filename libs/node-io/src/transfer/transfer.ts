import type { PieceRange } from '@swarmpatch/metainfo';
import type { PeerAddress } from '@swarmpatch/swarm';

import type { ListenAddress } from './peer-listener.ts';
import { createPeerId } from './peer-id.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { SwarmDriver } from './swarm-driver.ts';
import { stallOf, verdictOn } from './source-verdict.ts';
import { infohashesOf } from './torrent-identity.ts';
import { TorrentPeers } from './torrent-peers.ts';
import { TransferError } from './transfer-error.ts';
import type { TransferHost } from './transfer-host.ts';
import type { TorrentOptions, TransferLimits, TransferStats } from './transfer-options.ts';

const PROGRESS_MS = 250;
/** Of files that come first; below that of what a reader waits for. */
const FIRST_PRIORITY = 1;

/** A torrent of a session, being fetched and served. */
export class Transfer {
  /** Resolves when every wanted piece is written. Rejects with `TransferError`, or the signal's reason. Seeding goes on until `stop`. */
  readonly done: Promise<void>;
  /** Resolves once the transfer is over and holds nothing any more. */
  readonly ended: Promise<void>;
  readonly #torrent: TorrentOptions;
  readonly #host: TransferHost;
  readonly #driver: SwarmDriver;
  readonly #found: TorrentPeers;
  readonly #wanted: { readonly pieces: number; readonly lengthBytes: number };
  readonly #onEnded: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #timeLeft: { ms: number; sinceMs: number } | undefined;
  #isSettled = false;
  /** Nobody to fetch from was known so far. */
  #isAlone = true;
  #lettingGo: Promise<void> | undefined;
  #resolveDone: () => void = () => undefined;
  #rejectDone: (error: unknown) => void = () => undefined;
  #resolveEnded: () => void = () => undefined;

  /** @param onEnded The transfer is over and holds nothing any more. */
  constructor(torrent: TorrentOptions, host: TransferHost, onEnded: () => Promise<void>) {
    this.#torrent = torrent;
    this.#host = host;
    this.#onEnded = onEnded;
    const peerId = createPeerId();
    this.#driver = new SwarmDriver(torrent, {
      host,
      peerId,
      onChange: () => {
        this.#settleWhenComplete();
      },
      onFailure: (error) => {
        this.#fail(error);
      },
      hasSources: () => this.#hasSources,
    });
    const { piecesWantedLeft, wantedLeftBytes } = this.#driver.swarm.stats(0);
    this.#wanted = { pieces: piecesWantedLeft, lengthBytes: wantedLeftBytes };
    this.#found = new TorrentPeers(torrent, host, {
      peerId,
      progress: () => this.stats,
      onPeers: (peers, origin) => {
        this.#driver.addPeers(peers, origin);
      },
      onLeechers: (count) => {
        this.#driver.swarm.leechersCounted(count, monotonicMs());
      },
      onDhtStarted: (ports) => {
        this.#driver.dhtStarted(ports);
      },
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    // Whoever waits for it is told; nobody has to.
    this.done.catch(() => undefined);
  }

  /** Where peers can reach this transfer. */
  get address(): ListenAddress | undefined {
    return this.#host.listener?.address;
  }

  get stats(): TransferStats {
    const nowMs = monotonicMs();
    const { sourceState } = this.#driver.swarm;
    const stats = this.#driver.swarm.stats(nowMs);
    const why = this.#driver.lastWebSeedError;
    return {
      ...stats,
      piecesWanted: this.#wanted.pieces,
      wantedBytes: this.#wanted.lengthBytes,
      downloadBytesPerSecond: stats.peersBytesPerSecond + stats.webSeedsBytesPerSecond,
      stall: stallOf(sourceState, this.#torrent, why, nowMs),
    };
  }

  /** Pieces that are verified and written: a bitfield as in BEP 3. */
  get have(): Uint8Array {
    return this.#driver.swarm.have;
  }

  /** Dials these peers, too. */
  addPeers(peers: readonly PeerAddress[]): void {
    if (this.#host.peerUse !== 'avoid') this.#driver.addPeers(peers, 'named');
  }

  /** Fetches these files before all others from now on. @param files Indexes in the torrent. */
  fetchFirst(files: Iterable<number>): void {
    const priorities = new Uint8Array(this.#torrent.metainfo.pieceCount);
    for (const { first, end } of this.#rangesOf(files)) priorities.fill(FIRST_PRIORITY, first, end);
    this.#driver.swarm.setPriorities(priorities);
  }

  /**
   * Resolves when all bytes of these files are here; those that are not wanted never are.
   *
   * @throws {TransferError} `stopped` when the transfer ends before; the signal's reason
   */
  async whenHere(files: Iterable<number>, signal?: AbortSignal): Promise<void> {
    await this.#driver.readers.whenHere(this.#rangesOf(files), signal);
  }

  /**
   * The bytes of a file from `begin` on and before `end`, which are fetched first and given out once they are verified.
   *
   * @throws {TransferError} `file_damaged`; `stopped` when the transfer ends before; the signal's reason
   */
  read(fileIndex: number, begin: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    return this.#driver.readers.read(fileIndex, begin, end, signal);
  }

  /** Whether `read` of these bytes comes to its end, as long as someone has them. */
  expects(fileIndex: number, begin: number, end: number): boolean {
    return this.#driver.readers.expects(fileIndex, begin, end);
  }

  /** Of this torrent alone, from now on. */
  setLimits(limits: TransferLimits): void {
    this.#host.limits.set(limits);
  }

  /** Ends everything. What was being written is written; `done` rejects with `stopped` when it had not come to its end. */
  async stop(): Promise<void> {
    await this.#end(new TransferError('stopped', 'transfer: it was stopped before it had everything'));
  }

  /** For the session, once. */
  start(): void {
    const { metainfo, peers, signal, timeoutMs, onProgress } = this.#torrent;
    if (timeoutMs !== undefined) this.#timeLeft = { ms: timeoutMs, sinceMs: monotonicMs() };
    signal?.addEventListener('abort', this.#onAbort);
    this.#timer = setInterval(() => {
      this.#countDown();
      this.#judgeSolitude();
      this.#judgeSources();
      onProgress?.(this.stats);
    }, PROGRESS_MS);
    if (this.#host.peerUse !== 'avoid') {
      this.#driver.addPeers(peers ?? [], 'named');
      this.#host.listener?.route(infohashesOf(metainfo), (socket, handshake) => {
        this.#driver.accept(socket, handshake);
      });
      this.#found.start();
    }
    this.#driver.start();
    // Sources that are known now count even when they are proven bad before the first look.
    this.#isAlone = !this.#hasSources;
  }

  /** For the session, when it is paused or goes on. */
  pauseChanged(): void {
    this.#countDown();
    if (this.#host.isPaused) this.#driver.pause();
    else this.#driver.resume();
  }

  #rangesOf(files: Iterable<number>): PieceRange[] {
    return [...files].map((fileIndex) => this.#torrent.metainfo.geometry.piecesOfFile(fileIndex));
  }

  #settleWhenComplete(): void {
    if (this.#isSettled || !this.#driver.swarm.isComplete) return;
    this.#isSettled = true;
    if (this.#wanted.pieces > 0) this.#found.completed();
    this.#resolveDone();
  }

  readonly #onAbort = (): void => {
    void this.#end(this.#torrent.signal?.reason);
  };

  /** Time that the session is paused does not count. */
  #countDown(): void {
    const { timeoutMs } = this.#torrent;
    if (this.#isSettled || this.#timeLeft === undefined || timeoutMs === undefined) return;
    const nowMs = monotonicMs();
    if (!this.#host.isPaused) this.#timeLeft.ms -= nowMs - this.#timeLeft.sinceMs;
    this.#timeLeft.sinceMs = nowMs;
    if (this.#timeLeft.ms > 0) return;
    const { piecesWantedLeft, piecesWanted, peers } = this.stats;
    const why = this.#driver.lastWebSeedError;
    const webSeed = why instanceof Error ? `; the web seed said: ${why.message}` : '';
    this.#fail(
      new TransferError(
        'timed_out',
        `transfer: ${piecesWantedLeft} of ${piecesWanted} pieces are missing after ${timeoutMs / 1000} s, with ${peers} peers${webSeed}; run it again to go on`,
        why,
      ),
    );
  }

  get #hasSources(): boolean {
    return this.#driver.swarm.hasSources || this.#found.hasSources;
  }

  /** Without anyone to fetch from, it goes on for as long as other torrents have something for it on this disk. */
  #judgeSolitude(): void {
    if (this.#isSettled || !this.#isAlone) return;
    this.#isAlone = !this.#hasSources;
    if (!this.#isAlone || this.#driver.isHelped) return;
    this.#fail(
      new TransferError('no_sources', 'transfer: there is no peer, tracker or web seed to fetch from; name one'),
    );
  }

  #judgeSources(): void {
    const prospect = { mayPeersCome: this.#host.peerUse !== 'avoid' };
    const verdict = verdictOn(this.#driver.swarm.sourceState, this.#torrent, prospect, monotonicMs());
    if (verdict) this.#fail(verdict);
  }

  #fail(error: TransferError): void {
    void this.#end(error);
  }

  async #end(reason: unknown): Promise<void> {
    if (!this.#isSettled) {
      this.#isSettled = true;
      this.#rejectDone(reason);
    }
    this.#lettingGo ??= this.#letGo();
    await this.#lettingGo;
  }

  async #letGo(): Promise<void> {
    const { metainfo, signal, store } = this.#torrent;
    signal?.removeEventListener('abort', this.#onAbort);
    clearInterval(this.#timer);
    this.#host.listener?.unroute(infohashesOf(metainfo));
    await Promise.all([this.#driver.stop(), this.#found.stop()]);
    try {
      await store.close?.();
      await this.#onEnded();
    } finally {
      this.#resolveEnded();
    }
  }
}
