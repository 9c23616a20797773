import type { Metainfo } from '@swarmpatch/metainfo';
import {
  type EncryptionPolicy,
  encryptionRules,
  type Handshake,
  type WireEvent,
  ProtocolError,
} from '@swarmpatch/peer-wire';
import {
  type FoundPeer,
  MagnetSearch,
  type MetadataIdentity,
  type PeerAddress,
  type PeerOrigin,
  type SwarmCommand,
} from '@swarmpatch/swarm';

import { TieredAnnouncer, TrackerClient } from '../tracker-client/index.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { ownHosts } from './own-hosts.ts';
import { PeerDialer } from './peer-dialer.ts';
import { createPeerId } from './peer-id.ts';
import type { PeerListener } from './peer-listener.ts';
import type { PeerSocket } from './peer-socket.ts';
import { answeredInfohash, infohashesOf, speaksV2 } from './torrent-identity.ts';
import { TransferError } from './transfer-error.ts';

const TICK_MS = 100;
/** Trackers want a port; nobody can connect to this one. */
const NO_PORT = 9;
const CLIENT = 'Swarmpatch 0.1';

/** Looks for peers of the torrent until `signal` ends, and tells of them as they are found. */
export type PeerDiscovery = (
  found: (peers: readonly PeerAddress[], origin: PeerOrigin) => void,
  signal: AbortSignal,
) => void;

export interface FetchMagnetOptions {
  readonly identity: MetadataIdentity;
  /** Of a torrent file without piece layers (BEP 52): these alone are fetched then. */
  readonly known?: Metainfo | undefined;
  readonly peers: readonly FoundPeer[];
  readonly trackers: readonly string[];
  /** Ways beside trackers: the DHT, the local network. */
  readonly discoveries?: readonly PeerDiscovery[];
  /** Where peers may come in; who cannot be dialled gives its metadata, too. */
  readonly listener?: PeerListener | undefined;
  /** As which port trackers name it; its own unless given. */
  readonly announcedPort?: (() => number | undefined) | undefined;
  readonly encryption?: EncryptionPolicy | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a magnet link stands for, and who may have it. */
export interface FetchedMagnet {
  /** With the piece layers of a v2 torrent. */
  readonly metainfo: Metainfo;
  /** Whom to ask for the torrent itself: those that were met first. */
  readonly peers: readonly FoundPeer[];
}

/**
 * Fetches the info dictionary that a magnet link names (BEP 9), and what else is needed to verify a v2 torrent (BEP 52), from
 * its peers.
 *
 * @throws {TransferError} `no_sources`, `timed_out`; {MetainfoError} when the infohash names no torrent; the signal's reason
 */
export async function fetchMagnet(options: FetchMagnetOptions): Promise<FetchedMagnet> {
  const { peers, trackers, discoveries = [], signal } = options;
  if (peers.length + trackers.length + discoveries.length === 0) {
    throw new TransferError('no_sources', 'fetch metadata: no peer and no tracker is named; name a peer');
  }
  signal?.throwIfAborted();
  return new MagnetFetch(options).run();
}

/** Runs a `MagnetSearch`: carries its commands out with sockets, and tells it what came of them. */
class MagnetFetch {
  readonly #options: FetchMagnetOptions;
  /** 20 bytes each; the first is what this client calls the torrent. */
  readonly #infohashes: readonly Uint8Array[];
  readonly #peerId = createPeerId();
  readonly #search: MagnetSearch;
  readonly #dialer: PeerDialer;
  readonly #sockets = new Map<number, PeerSocket>();
  readonly #ending = new AbortController();
  #settle: () => void = () => undefined;

  constructor(options: FetchMagnetOptions) {
    const { identity, known, listener, encryption = 'prefer' } = options;
    this.#options = options;
    this.#infohashes = infohashesOf(identity);
    this.#search = new MagnetSearch({
      identity,
      known,
      peerId: Buffer.from(this.#peerId).toString('hex'),
      self: { client: CLIENT, listenPort: listener?.address.port },
      ownHosts: ownHosts(),
    });
    this.#dialer = new PeerDialer(encryptionRules(encryption), () => this.#handshake());
  }

  async run(): Promise<FetchedMagnet> {
    const { peers, trackers, discoveries = [], listener, signal } = this.#options;
    const settled = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    const timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
    const timeout = this.#startTimeout();
    signal?.addEventListener('abort', this.#settle);
    const client = new TrackerClient();
    const announcer = trackers.length > 0 ? this.#announce([trackers], client) : undefined;
    for (const discover of discoveries) discover((found, origin) => this.#found(found, origin), this.#ending.signal);
    for (const peer of peers) this.#search.peersFound([peer], peer.origin ?? 'named', monotonicMs());
    listener?.route(this.#infohashes, (socket, handshake) => {
      this.#accept(socket, handshake);
    });
    this.#tick();
    try {
      await settled;
    } finally {
      clearInterval(timer);
      clearTimeout(timeout);
      signal?.removeEventListener('abort', this.#settle);
      this.#ending.abort();
      listener?.unroute(this.#infohashes);
      this.#dialer.stop();
      for (const socket of this.#sockets.values()) socket.destroy();
      // The transfer need not wait until trackers have heard that this is over.
      void Promise.resolve(announcer?.stop()).finally(() => {
        client.close();
      });
    }
    signal?.throwIfAborted();
    return this.#result();
  }

  #result(): FetchedMagnet {
    const { outcome, found } = this.#search;
    if (outcome && 'error' in outcome) throw outcome.error;
    if (outcome) return { metainfo: outcome.metainfo, peers: found };
    const seconds = (this.#options.timeoutMs ?? 0) / 1000;
    throw new TransferError(
      'timed_out',
      `fetch metadata: none of ${found.length} peers gave it in ${seconds} s; name another peer, or try again later`,
    );
  }

  #startTimeout(): NodeJS.Timeout | undefined {
    const { timeoutMs } = this.#options;
    return timeoutMs === undefined ? undefined : setTimeout(this.#settle, timeoutMs);
  }

  #announce(tiers: readonly (readonly string[])[], client: TrackerClient): TieredAnnouncer {
    const { listener, announcedPort } = this.#options;
    const torrent = {
      tiers,
      infohashes: this.#infohashes,
      peerId: this.#peerId,
      port: () => announcedPort?.() ?? listener?.address.port ?? NO_PORT,
      progress: () => ({
        uploadedBytes: 0,
        downloadedBytes: 0,
        leftBytes: 1,
        wantsMore: true,
        peers: this.#search.peerCount,
      }),
      onPeers: (peers: readonly PeerAddress[]) => {
        this.#found(peers, 'found');
      },
      random: Math.random,
    };
    return new TieredAnnouncer(torrent, client);
  }

  #found(peers: readonly PeerAddress[], origin: PeerOrigin): void {
    this.#search.peersFound(peers, origin, monotonicMs());
    this.#tick();
  }

  #tick(): void {
    this.#search.tick(monotonicMs());
    this.#pump();
  }

  #pump(): void {
    for (const command of this.#search.drain()) this.#carryOut(command);
    for (const socket of this.#sockets.values()) socket.flush();
    if (this.#search.outcome) this.#settle();
  }

  #carryOut(command: SwarmCommand): void {
    if (command.kind === 'dial') this.#dial(command.address);
    else if (command.kind === 'send') this.#sockets.get(command.peer)?.send(command.message);
    else if (command.kind === 'disconnect') {
      const socket = this.#sockets.get(command.peer);
      this.#sockets.delete(command.peer);
      socket?.close();
    }
  }

  #dial(address: PeerAddress): void {
    const fail = (): void => {
      this.#search.dialFailed(address, monotonicMs());
    };
    this.#dialer.dial(address, {
      onPeer: (socket, handshake) => {
        if (this.#infohashes.some((each) => Buffer.compare(each, handshake.infohash) === 0)) {
          this.#meet(socket, handshake, address);
          return;
        }
        socket.destroy();
        fail();
      },
      onFailed: fail,
    });
  }

  #accept(socket: PeerSocket, handshake: Handshake): void {
    const { infohashV2 } = this.#options.identity;
    socket.greet({ ...this.#handshake(), infohash: answeredInfohash(handshake, infohashV2) });
    this.#meet(socket, handshake, undefined);
  }

  #meet(socket: PeerSocket, handshake: Handshake, address: PeerAddress | undefined): void {
    const direction = address ? 'outgoing' : 'incoming';
    const number = this.#search.peerConnected(
      {
        peerId: Buffer.from(handshake.peerId).toString('hex'),
        capabilities: {
          extensions: handshake.extensions,
          fast: handshake.fast,
          v2: speaksV2(handshake, direction, this.#options.identity.infohashV2),
        },
        direction,
        host: socket.host,
        address,
      },
      monotonicMs(),
    );
    if (typeof number === 'string') {
      socket.destroy();
      return;
    }
    this.#sockets.set(number, socket);
    socket.listen({
      onEvent: (event) => {
        this.#receive(number, event);
      },
      onRead: () => {
        this.#pump();
      },
      onClosed: (error) => {
        this.#sockets.delete(number);
        if (error) this.#search.protocolBroken(number, error, monotonicMs());
        else this.#search.peerDisconnected(number, monotonicMs());
      },
    });
    this.#pump();
  }

  #receive(number: number, event: WireEvent): void {
    if (event.kind === 'handshake') throw new ProtocolError('bad_sequence', 'read a handshake: there was one before');
    this.#search.messageReceived(number, event, monotonicMs());
  }

  /** A client with a v1 torrent hangs up on one that claims v2: only who knows says so. */
  #handshake(): Handshake {
    const [infohash = new Uint8Array(20)] = this.#infohashes;
    const v2 = this.#options.identity.infohashV2 !== undefined;
    return { infohash, peerId: this.#peerId, extensions: true, fast: true, v2 };
  }
}
