import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { PieceVerifier } from '@swarmpatch/metainfo';
import { BlockLayout, type PeerAddress, Swarm, type SwarmCommand, TokenBucket } from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import { MemorySlots } from './memory-slots.ts';
import { PeerConnections } from './peer-connections.ts';
import { PEER_ID_PREFIX } from './peer-id.ts';
import { type ListenAddress, PeerListener } from './peer-listener.ts';
import { PieceHasher } from './piece-hasher.ts';
import { PieceWork } from './piece-work.ts';
import { TrackerAnnouncer } from './tracker-announcer.ts';
import { expectHashes, infohashesOf } from './torrent-identity.ts';
import { TransferError } from './transfer-error.ts';
import type { TransferOptions, TransferStats } from './transfer-options.ts';
import { WebSeedRunner } from './web-seed-runner.ts';

const TICK_MS = 100;
const PROGRESS_MS = 250;

/** A torrent being fetched and served. */
export class Transfer {
  /** Resolves when every wanted piece is written. Rejects with `TransferError`, or the signal's reason. Seeding goes on until `stop`. */
  readonly done: Promise<void>;
  readonly #options: TransferOptions;
  readonly #swarm: Swarm;
  readonly #slots: MemorySlots;
  readonly #hasher: PieceHasher;
  readonly #work: PieceWork;
  readonly #connections: PeerConnections;
  readonly #webSeedRunner: WebSeedRunner;
  readonly #peerId: Uint8Array;
  readonly #wanted: { readonly pieces: number; readonly lengthBytes: number };
  #listener: PeerListener | undefined;
  #announcers: TrackerAnnouncer[] = [];
  #timers: NodeJS.Timeout[] = [];
  #isRunning = true;
  #isSettled = false;
  #isPumping = false;
  #isPumpDue = false;
  #resolveDone: () => void = () => undefined;
  #rejectDone: (error: unknown) => void = () => undefined;

  private constructor(options: TransferOptions, listener: PeerListener | undefined) {
    this.#options = options;
    this.#listener = listener;
    const { metainfo, store } = options;
    const layout = new BlockLayout(metainfo.geometry);
    const nowMs = monotonicMs;
    const webSeeds = options.webSeedUse === 'avoid' ? [] : options.webSeeds;
    const onChange = (): void => {
      this.#pump();
    };
    this.#peerId = Buffer.concat([Buffer.from(PEER_ID_PREFIX), randomBytes(20 - PEER_ID_PREFIX.length)]);
    this.#slots = new MemorySlots(layout);
    this.#swarm = new Swarm({
      layout,
      have: options.have,
      wanted: options.wanted,
      slots: this.#slots,
      peerId: Buffer.from(this.#peerId).toString('hex'),
      self: { client: 'Swarmpatch 0.1', listenPort: listener?.address.port, infoBytes: metainfo.infoBytes },
      downloadLimit: new TokenBucket(options.limits?.downloadBytesPerSecond ?? Infinity),
      uploadLimit: new TokenBucket(options.limits?.uploadBytesPerSecond ?? Infinity),
      webSeedCount: webSeeds.length,
      random: Math.random,
    });
    this.#wanted = { pieces: this.#swarm.stats(0).piecesWantedLeft, lengthBytes: this.#swarm.stats(0).wantedLeftBytes };
    this.#hasher = new PieceHasher(this.#wanted.lengthBytes);
    this.#work = new PieceWork({
      swarm: this.#swarm,
      slots: this.#slots,
      store,
      verifier: new PieceVerifier(metainfo),
      hasher: this.#hasher,
      nowMs,
      onChange,
      onFailure: (error) => {
        this.#fail(error);
      },
    });
    this.#connections = new PeerConnections({
      introduction: {
        infohashes: infohashesOf(metainfo),
        peerId: this.#peerId,
        capabilities: { extensions: true, fast: true, v2: metainfo.format !== 'v1' },
        pieceCount: layout.pieceCount,
      },
      swarm: this.#swarm,
      store,
      nowMs,
      onChange,
    });
    this.#webSeedRunner = new WebSeedRunner({
      metainfo,
      webSeeds,
      allow: options.allowUrl ?? allowHostsOf(webSeeds),
      swarm: this.#swarm,
      nowMs,
      onChange,
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    // Whoever waits for it is told; nobody has to.
    this.done.catch(() => undefined);
  }

  /** @throws {TransferError} `listen_failed` */
  static async start(options: TransferOptions): Promise<Transfer> {
    options.signal?.throwIfAborted();
    expectHashes(options.metainfo);
    const listener = options.peerUse === 'avoid' ? undefined : await openListener(options.listen);
    const transfer = new Transfer(options, listener);
    transfer.#start();
    return transfer;
  }

  /** Where peers can reach this transfer. */
  get address(): ListenAddress | undefined {
    return this.#listener?.address;
  }

  get stats(): TransferStats {
    const stats = this.#swarm.stats(monotonicMs());
    return {
      ...stats,
      piecesWanted: this.#wanted.pieces,
      wantedBytes: this.#wanted.lengthBytes,
      downloadBytesPerSecond: stats.peersBytesPerSecond + stats.webSeedsBytesPerSecond,
    };
  }

  /** Pieces that are verified and written: a bitfield as in BEP 3. */
  get have(): Uint8Array {
    return this.#swarm.have;
  }

  /** Dials these peers, too. */
  addPeers(peers: readonly PeerAddress[]): void {
    if (this.#options.peerUse !== 'avoid') this.#swarm.peersFound(peers, 'named', monotonicMs());
  }

  /** Ends everything. What was being written is written; `done` rejects with `stopped` when it had not come to its end. */
  async stop(): Promise<void> {
    await this.#end(new TransferError('stopped', 'transfer: it was stopped before it had everything'));
  }

  #start(): void {
    const { options, nowMs } = { options: this.#options, nowMs: monotonicMs() };
    if (options.peerUse !== 'avoid') {
      this.#swarm.peersFound(options.peers ?? [], 'named', nowMs);
      this.#listener?.route(infohashesOf(options.metainfo), (socket, handshake) => {
        this.#connections.accept(socket, handshake);
      });
      this.#announce();
    }
    options.signal?.addEventListener('abort', this.#onAbort);
    this.#timers.push(
      setInterval(() => {
        this.#swarm.tick(monotonicMs());
        this.#pump();
      }, TICK_MS),
    );
    const { onProgress, timeoutMs } = options;
    if (onProgress)
      this.#timers.push(
        setInterval(() => {
          onProgress(this.stats);
        }, PROGRESS_MS),
      );
    if (timeoutMs !== undefined)
      this.#timers.push(
        setTimeout(() => {
          this.#timeOut(timeoutMs);
        }, timeoutMs),
      );
    this.#swarm.tick(nowMs);
    this.#pump();
    if (!this.#isSettled && !this.#swarm.hasSources && this.#announcers.length === 0) {
      this.#fail(
        new TransferError('no_sources', 'transfer: there is no peer, tracker or web seed to fetch from; name one'),
      );
    }
  }

  #announce(): void {
    const urls = new Set(this.#options.trackers.flat());
    // A hybrid torrent's two swarms are the same peers (BEP 52): the v1 one is the one that everybody can join.
    const [infohash] = infohashesOf(this.#options.metainfo);
    if (!infohash) return;
    for (const url of urls) {
      this.#announcers.push(
        new TrackerAnnouncer(url, {
          infohash,
          peerId: this.#peerId,
          port: this.#listener?.address.port ?? 1,
          progress: () => {
            const { uploadedBytes, fromPeersBytes, fromWebSeedsBytes, wantedLeftBytes, peers } = this.stats;
            return {
              uploadedBytes,
              downloadedBytes: fromPeersBytes + fromWebSeedsBytes,
              leftBytes: wantedLeftBytes,
              peers,
            };
          },
          onPeers: (peers) => {
            this.#swarm.peersFound(peers, 'found', monotonicMs());
            this.#swarm.tick(monotonicMs());
            this.#pump();
          },
          random: Math.random,
        }),
      );
    }
  }

  /** Carries out what the engine wants, until it wants nothing more. */
  #pump(): void {
    this.#isPumpDue = true;
    if (this.#isPumping || !this.#isRunning) return;
    this.#isPumping = true;
    try {
      while (this.#isPumpDue) {
        this.#isPumpDue = false;
        for (const command of this.#swarm.drain(monotonicMs())) this.#carryOut(command);
      }
      this.#connections.flush();
    } finally {
      this.#isPumping = false;
    }
    if (this.#swarm.isComplete && !this.#isSettled) {
      this.#isSettled = true;
      if (this.#wanted.pieces > 0) for (const announcer of this.#announcers) announcer.completed();
      this.#resolveDone();
    }
  }

  #carryOut(command: SwarmCommand): void {
    switch (command.kind) {
      case 'send':
        this.#connections.send(command.peer, command.message);
        break;
      case 'upload':
        this.#connections.upload(command.peer, command.span);
        break;
      case 'verify':
        this.#work.verify(command.piece);
        break;
      case 'write':
        this.#work.write(command.piece);
        break;
      case 'dial':
        this.#connections.dial(command.address);
        break;
      case 'disconnect':
        this.#connections.disconnect(command.peer);
        break;
      case 'fetch':
        this.#webSeedRunner.start(command);
        break;
      case 'shorten_fetch':
        this.#webSeedRunner.shorten(command.runId, command.endPiece);
        break;
    }
  }

  readonly #onAbort = (): void => {
    void this.#end(this.#options.signal?.reason);
  };

  #timeOut(timeoutMs: number): void {
    if (this.#isSettled) return;
    const { piecesWantedLeft, piecesWanted, peers } = this.stats;
    const why = this.#webSeedRunner.lastError;
    const webSeed = why instanceof Error ? `; the web seed said: ${why.message}` : '';
    this.#fail(
      new TransferError(
        'timed_out',
        `transfer: ${piecesWantedLeft} of ${piecesWanted} pieces are missing after ${timeoutMs / 1000} s, with ${peers} peers${webSeed}; run it again to go on`,
        why,
      ),
    );
  }

  #fail(error: TransferError): void {
    void this.#end(error);
  }

  async #end(reason: unknown): Promise<void> {
    if (!this.#isSettled) {
      this.#isSettled = true;
      this.#rejectDone(reason);
    }
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#webSeedRunner.stop();
    this.#connections.stop();
    await Promise.all([
      this.#work.stop(),
      this.#listener?.close(),
      ...this.#announcers.map((announcer) => announcer.stop()),
    ]);
    await this.#hasher.close();
    this.#slots.clear();
    await this.#options.store.close?.();
  }
}

/** Starts to fetch and serve a torrent. @throws {TransferError} `listen_failed` */
export async function startTransfer(options: TransferOptions): Promise<Transfer> {
  return Transfer.start(options);
}

function allowHostsOf(webSeeds: readonly WebSeed[]): (url: URL) => boolean {
  const hosts = new Set(webSeeds.map(({ url }) => (URL.canParse(url) ? new URL(url).host : url)));
  return (url) => hosts.has(url.host);
}

/** An address of every interface, of both families where the machine has them. */
async function openListener(listen: ListenAddress | undefined): Promise<PeerListener> {
  if (listen) return PeerListener.open(listen);
  return PeerListener.open({ host: '::', port: 0 }).catch(() => PeerListener.open({ host: '0.0.0.0', port: 0 }));
}

function monotonicMs(): number {
  return performance.now();
}
