import { PieceVerifier } from '@swarmpatch/metainfo';
import type { Handshake } from '@swarmpatch/peer-wire';
import {
  Bitfield,
  BlockLayout,
  type FoundPeer,
  type OwnDhtPorts,
  type PeerOrigin,
  Swarm,
  type SwarmCommand,
} from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import { LeafReader } from './leaf-reader.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { MemorySlots } from './memory-slots.ts';
import { ownHosts } from './own-hosts.ts';
import { PeerConnections } from './peer-connections.ts';
import type { PeerSocket } from './peer-socket.ts';
import { PieceReaders } from './piece-readers.ts';
import { PieceWork } from './piece-work.ts';
import { ServedPieces } from './served-pieces.ts';
import type { FileSharer } from './file-sharer.ts';
import { infohashesOf } from './torrent-identity.ts';
import { TransferError } from './transfer-error.ts';
import type { TransferHost } from './transfer-host.ts';
import type { TorrentOptions } from './transfer-options.ts';
import { WebSeedRunner } from './web-seed-runner.ts';

const TICK_MS = 100;

/** Runs one torrent's engine: carries its commands out with sockets, threads and files, and tells it what came of them. */
export class SwarmDriver {
  readonly swarm: Swarm;
  readonly readers: PieceReaders;
  readonly #sharer: FileSharer;
  readonly #host: TransferHost;
  readonly #slots: MemorySlots;
  readonly #served: ServedPieces;
  readonly #work: PieceWork;
  readonly #leafReader: LeafReader;
  readonly #connections: PeerConnections;
  readonly #webSeedRunner: WebSeedRunner;
  readonly #onChange: () => void;
  /** Not told to the other torrents yet. */
  readonly #written: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRunning = true;
  #isPumping = false;
  #isPumpDue = false;

  constructor(
    torrent: TorrentOptions,
    options: {
      host: TransferHost;
      /** 20 bytes. */
      peerId: Uint8Array;
      /** The engine came to rest after something happened. */
      onChange: () => void;
      onFailure: (error: TransferError) => void;
      hasSources: () => boolean;
    },
  ) {
    const { host, peerId, onFailure } = options;
    const { metainfo, store } = torrent;
    const layout = new BlockLayout(metainfo.geometry);
    const webSeeds = torrent.webSeedUse === 'avoid' ? [] : torrent.webSeeds;
    const onChange = (): void => {
      this.pump();
    };
    this.#host = host;
    this.#onChange = options.onChange;
    this.#slots = new MemorySlots(layout, (lengthBytes) => host.hasher.allocate(lengthBytes));
    this.swarm = new Swarm({
      layout,
      metainfo,
      ownHosts: ownHosts(),
      have: torrent.have,
      wanted: torrent.wanted,
      slots: this.#slots,
      peerId: Buffer.from(peerId).toString('hex'),
      self: { client: 'Swarmpatch 0.1', listenPort: host.listener?.address.port, infoBytes: metainfo.infoBytes },
      lanLimits: host.lanLimits,
      superSeed: host.superSeed,
      heldBytesMax: host.heldBytesMax,
      downloadLimit: host.limits.download,
      uploadLimit: host.limits.upload,
      webSeedCount: webSeeds.length,
      webSeedTiers: webSeeds.map(({ tier }) => tier ?? 0),
      deadlineMs: torrent.deadlineMs === undefined ? undefined : monotonicMs() + torrent.deadlineMs,
      random: Math.random,
    });
    if (host.isPaused) this.swarm.pause();
    const common = { swarm: this.swarm, nowMs: monotonicMs, onChange };
    const verifier = new PieceVerifier(metainfo);
    const { hasher, readCache: cache, encryption } = host;
    const served = new ServedPieces({ layout, store, verifier, hasher, cache });
    this.#served = served;
    this.#leafReader = new LeafReader({ ...common, store, layout });
    this.#work = new PieceWork({
      ...common,
      slots: this.#slots,
      store,
      verifier,
      hasher,
      onBad: (piece) => {
        host.sharedFiles.pieceRefused(this.#sharer, piece);
      },
      onWritten: (piece) => {
        served.written(piece);
        this.#written.push(piece);
      },
      onFailure,
    });
    this.#connections = new PeerConnections({
      ...common,
      introduction: {
        infohashes: infohashesOf(metainfo),
        infohashV2: metainfo.infohashV2,
        peerId,
        capabilities: {
          extensions: true,
          fast: true,
          v2: metainfo.format !== 'v1',
          dht: host.discovery.hasDht && !metainfo.private,
        },
        pieceCount: layout.pieceCount,
      },
      encryption,
      served,
      onDamaged: (piece) => torrent.onDamaged?.(piece),
    });
    const wanted = torrent.wanted && new Bitfield(layout.pieceCount, torrent.wanted);
    this.readers = new PieceReaders({ ...common, metainfo, wanted, served });
    const isOver = (): boolean => !this.#isRunning;
    const { hasSources } = options;
    this.#sharer = {
      metainfo,
      get isOver() {
        return isOver();
      },
      get hasSources() {
        return hasSources();
      },
      has: (first, end) => this.swarm.missingWithin(first, end) === 0,
      needs: (piece) => wanted?.has(piece) !== false && this.swarm.missingWithin(piece, piece + 1) > 0,
      read: async (piece, begin, lengthBytes) => {
        const bytes = await served.load({ piece, begin, lengthBytes });
        return typeof bytes === 'string' ? undefined : bytes;
      },
      adopt: (piece, data) => {
        const isTaken = this.swarm.adoptPiece(piece, data, monotonicMs());
        this.pump();
        return isTaken;
      },
      leaveToOthers: (ranges) => {
        this.swarm.leaveToOthers(ranges);
        this.pump();
      },
    };
    this.#webSeedRunner = new WebSeedRunner({
      ...common,
      metainfo,
      webSeeds,
      allow: torrent.allowUrl ?? allowHostsOf(webSeeds),
    });
  }

  /** Why a web seed failed last. */
  get lastWebSeedError(): unknown {
    return this.#webSeedRunner.lastError;
  }

  /** Whether other torrents of the session bring something that this one lacks. */
  get isHelped(): boolean {
    return this.#host.sharedFiles.areHelping(this.#sharer);
  }

  start(): void {
    this.#host.sharedFiles.add(this.#sharer);
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
    this.#tick();
  }

  /** @param origin Of those who bring none themselves. */
  addPeers(peers: readonly FoundPeer[], origin: PeerOrigin): void {
    if (!this.#isRunning) return;
    for (const peer of peers) this.swarm.peersFound([peer], peer.origin ?? origin, monotonicMs());
    this.#tick();
  }

  /** This client's DHT nodes answer at these UDP ports. */
  dhtStarted(ports: OwnDhtPorts): void {
    this.swarm.dhtStarted(ports);
    this.pump();
  }

  accept(socket: PeerSocket, handshake: Handshake): void {
    if (this.#host.isPaused || !this.#host.mayConnect) socket.destroy();
    else this.#connections.accept(socket, handshake);
  }

  /** Lets go of peers and web seeds until `resume`; what was received is still verified and written. */
  pause(): void {
    this.swarm.pause();
    this.swarm.stop(monotonicMs());
    this.pump();
  }

  resume(): void {
    this.swarm.resume(monotonicMs());
    this.#tick();
  }

  /** Ends everything; what was being written is written. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#host.sharedFiles.remove(this.#sharer);
    this.readers.stop(new TransferError('stopped', 'read a file: its transfer has ended'));
    clearInterval(this.#timer);
    this.#webSeedRunner.stop();
    this.#connections.stop();
    await this.#work.stop();
    this.#slots.clear();
    this.#served.clear();
  }

  /** Carries out what the engine wants, until it wants nothing more. */
  pump(): void {
    this.#isPumpDue = true;
    if (this.#isPumping || !this.#isRunning) return;
    this.#isPumping = true;
    try {
      while (this.#isPumpDue) {
        this.#isPumpDue = false;
        for (const command of this.swarm.drain(monotonicMs())) this.#carryOut(command);
      }
      this.#connections.flush();
    } finally {
      this.#isPumping = false;
    }
    for (const piece of this.#written.splice(0)) this.#host.sharedFiles.pieceWritten(this.#sharer, piece);
    this.readers.look();
    this.#onChange();
  }

  #tick(): void {
    if (!this.#host.isPaused) this.#host.sharedFiles.look(monotonicMs());
    this.swarm.tick(monotonicMs());
    this.pump();
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
        if (this.#host.mayConnect) this.#connections.dial(command.address);
        else this.swarm.dialFailed(command.address, monotonicMs());
        break;
      case 'dht_node':
        this.#host.discovery.addDhtNode(command.address);
        break;
      case 'disconnect':
        this.#connections.disconnect(command.peer);
        break;
      case 'read_leaves':
        this.#leafReader.read(command.piece);
        break;
      case 'fetch':
        this.#webSeedRunner.start(command);
        break;
      case 'shorten_fetch':
        this.#webSeedRunner.shorten(command.runId, command.endPiece);
        break;
    }
  }
}

function allowHostsOf(webSeeds: readonly WebSeed[]): (url: URL) => boolean {
  const hosts = new Set(webSeeds.map(({ url }) => (URL.canParse(url) ? new URL(url).host : url)));
  return (url) => hosts.has(url.host);
}
