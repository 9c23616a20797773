import type { EncryptionPolicy } from '@swarmpatch/peer-wire';
import { HELD_BYTES_MAX } from '@swarmpatch/swarm';

import { TrackerClient } from '../tracker-client/index.ts';
import { type FetchedMagnet, fetchMagnet, type FetchMagnetOptions, type PeerDiscovery } from './fetch-magnet.ts';
import { type ListenAddress, PeerListener } from './peer-listener.ts';
import { PieceHasher } from './piece-hasher.ts';
import { ReadCache } from './read-cache.ts';
import { SessionDiscovery } from './session-discovery.ts';
import { type OfferedFiles, sharerOf } from './offered-files.ts';
import { SharedFiles } from './shared-files.ts';
import { expectHashes, infohashesOf } from './torrent-identity.ts';
import { Transfer } from './transfer.ts';
import { TransferBuckets } from './transfer-buckets.ts';
import { TransferError } from './transfer-error.ts';
import type { TransferHost } from './transfer-host.ts';
import type { SessionOptions, TorrentOptions, TransferLimits, TransferOptions } from './transfer-options.ts';

/** Connections of all torrents of a session: a home router's table and a process's file descriptors hold more. */
export const SESSION_CONNECTIONS_MAX = 300;

/** The handshake is encrypted wherever the peer can. */
const ENCRYPTION_DEFAULT: EncryptionPolicy = 'prefer';

/** What the session does not bring itself. */
export type MagnetOptions = Omit<FetchMagnetOptions, 'discoveries' | 'encryption' | 'listener' | 'announcedPort'>;

type Life = 'until_closed' | 'with_its_torrent';

/** Many torrents at once under one set of limits, behind one port. What goes wrong with one does not touch the others. */
export class TransferSession {
  readonly #options: SessionOptions;
  readonly #listener: PeerListener | undefined;
  readonly #hasher: PieceHasher;
  readonly #readCache = new ReadCache();
  readonly #sharedFiles = new SharedFiles();
  readonly #offered: OfferedFiles[] = [];
  readonly #limits: TransferBuckets;
  readonly #trackerClient = new TrackerClient();
  readonly #discovery: SessionDiscovery;
  readonly #transfers = new Map<string, Transfer>();
  readonly #pausedBy = new Set<string>();
  readonly #life: Life;
  #isOpen = true;
  #closed: Promise<void> | undefined;

  private constructor(options: SessionOptions, listener: PeerListener | undefined, life: Life) {
    this.#life = life;
    this.#options = options;
    this.#listener = listener;
    this.#hasher = new PieceHasher();
    this.#limits = TransferBuckets.of(options.limits);
    this.#discovery = new SessionDiscovery(options.discovery ?? {}, listener?.address);
  }

  /** @throws {TransferError} `port_taken`, `listen_failed` */
  static async open(options: SessionOptions = {}): Promise<TransferSession> {
    return TransferSession.#open(options, 'until_closed');
  }

  /**
   * Fetches and serves one torrent in a session that ends with it.
   *
   * @throws {TransferError} `port_taken`, `listen_failed`, `torrent_incomplete`; the signal's reason
   */
  static async ofOne(options: TransferOptions): Promise<Transfer> {
    options.signal?.throwIfAborted();
    expectHashes(options.metainfo);
    const session = await TransferSession.#open(options, 'with_its_torrent');
    try {
      return session.add(options);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  static async #open(options: SessionOptions, life: Life): Promise<TransferSession> {
    const listener = options.peerUse === 'avoid' ? undefined : await openListener(options);
    return new TransferSession(options, listener, life);
  }

  /** Where peers can reach every torrent of this session. */
  get address(): ListenAddress | undefined {
    return this.#listener?.address;
  }

  /** Whom this session's DHT node knows, for the next session; undefined when it knows nobody. */
  get dhtState(): Uint8Array | undefined {
    return this.#discovery.dhtState;
  }

  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()];
  }

  /** Why nothing is transferred now; empty while the session is not paused. */
  get pausedBy(): readonly string[] {
    return [...this.#pausedBy];
  }

  /**
   * Begins to fetch and serve a torrent.
   *
   * @throws {TransferError} `torrent_incomplete`, `torrent_added`, `session_closed`; the signal's reason
   */
  add(torrent: TorrentOptions): Transfer {
    torrent.signal?.throwIfAborted();
    if (!this.#isOpen) {
      throw new TransferError('session_closed', `add ${torrent.metainfo.name}: the session is closed; open another`);
    }
    expectHashes(torrent.metainfo);
    const key = infohashesOf(torrent.metainfo)
      .map((infohash) => Buffer.from(infohash).toString('hex'))
      .join();
    if (this.#transfers.has(key)) {
      throw new TransferError('torrent_added', `add ${torrent.metainfo.name}: the session has this torrent already`);
    }
    const transfer = new Transfer(torrent, this.#hostFor(torrent), async () => {
      this.#transfers.delete(key);
      if (this.#life === 'with_its_torrent') await this.close();
    });
    this.#transfers.set(key, transfer);
    transfer.start();
    return transfer;
  }

  /**
   * Fetches the torrent that a magnet link names, or what a torrent file lacks, with all that this session has to find peers,
   * where they can come in, too. Its `peers` are to be given to `add`.
   *
   * @throws {TransferError} `no_sources`, `timed_out`, `torrent_added`; {MetainfoError}; the signal's reason
   */
  async fetchMagnet(options: MagnetOptions): Promise<FetchedMagnet> {
    const infohashes = infohashesOf(options.identity);
    if (this.#listener?.hasRoute(infohashes) === true) {
      throw new TransferError('torrent_added', 'fetch metadata: the session has this torrent already');
    }
    const { encryption = ENCRYPTION_DEFAULT } = this.#options;
    const discoveries = options.known?.private === true ? [] : this.discoveriesOf(infohashes);
    const announcedPort = (): number | undefined => this.#discovery.announcedPort;
    return fetchMagnet({ ...options, discoveries, encryption, listener: this.#listener, announcedPort });
  }

  /** The ways of this session to find peers of a torrent that is not added yet, beside trackers. @param infohashes 20 bytes each. */
  discoveriesOf(infohashes: readonly Uint8Array[]): PeerDiscovery[] {
    if (this.#discovery.wayCount === 0) return [];
    const announcedPort = (): number | undefined => this.#discovery.announcedPort;
    const discover: PeerDiscovery = (onPeers, signal) => {
      const member = { onPeers, announcedPort, wantsPeers: () => true, signal };
      this.#discovery.join({ infohashes, isPrivate: false }, member, 'now');
    };
    return [discover];
  }

  /** Torrents of this session copy equal files from there, instead of fetching them. The store is closed with the session. */
  offer(offered: OfferedFiles): void {
    this.#offered.push(offered);
    this.#sharedFiles.add(sharerOf(offered));
  }

  /** Of all torrents together, from now on. */
  setLimits(limits: TransferLimits): void {
    this.#limits.set(limits);
  }

  /** Lets go of all peers and web seeds until each cause that paused has been resumed. */
  pause(cause: string): void {
    const wasPaused = this.#pausedBy.size > 0;
    this.#pausedBy.add(cause);
    if (!wasPaused) this.#tellPause();
  }

  resume(cause: string): void {
    if (this.#pausedBy.delete(cause) && this.#pausedBy.size === 0) this.#tellPause();
  }

  /** Stops every torrent, then lets go of what they shared. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.transfers.map((transfer) => transfer.stop()));
    this.#closed ??= this.#letGo();
    await this.#closed;
  }

  async #letGo(): Promise<void> {
    for (const { store } of this.#offered) await store.close?.();
    this.#trackerClient.close();
    await Promise.all([this.#listener?.close(), this.#hasher.close(), this.#discovery.close()]);
  }

  #tellPause(): void {
    for (const transfer of this.#transfers.values()) transfer.pauseChanged();
  }

  #hostFor(torrent: TorrentOptions): TransferHost {
    const isPaused = (): boolean => this.#pausedBy.size > 0;
    const mayConnect = (): boolean => this.#connections() < (this.#options.connectionsMax ?? SESSION_CONNECTIONS_MAX);
    return {
      listener: this.#listener,
      peerUse: this.#options.peerUse ?? 'use',
      limits: TransferBuckets.of(torrent.torrentLimits, this.#limits),
      trackerClient: this.#trackerClient,
      discovery: this.#discovery,
      lanLimits: this.#options.lanLimits ?? 'counted',
      encryption: this.#options.encryption ?? ENCRYPTION_DEFAULT,
      superSeed: this.#options.superSeed ?? false,
      hasher: this.#hasher,
      readCache: this.#readCache,
      heldBytesMax: HELD_BYTES_MAX / (1 + this.#unfinished()),
      sharedFiles: this.#sharedFiles,
      get isPaused() {
        return isPaused();
      },
      get mayConnect() {
        return mayConnect();
      },
    };
  }

  #unfinished(): number {
    return this.transfers.filter(({ stats }) => stats.piecesWantedLeft > 0).length;
  }

  #connections(): number {
    let connections = 0;
    for (const transfer of this.#transfers.values()) connections += transfer.stats.peers;
    return connections;
  }
}

/**
 * Starts to fetch and serve one torrent, in a session that ends with it.
 *
 * @throws {TransferError} `port_taken`, `listen_failed`, `torrent_incomplete`; the signal's reason
 */
export async function startTransfer(options: TransferOptions): Promise<Transfer> {
  return TransferSession.ofOne(options);
}

/** An address of every interface, of both families where the machine has them. */
async function openListener({ listen, encryption = ENCRYPTION_DEFAULT }: SessionOptions): Promise<PeerListener> {
  if (listen) return PeerListener.open(listen, encryption);
  return PeerListener.open({ host: '::', port: 0 }, encryption).catch(() =>
    PeerListener.open({ host: '0.0.0.0', port: 0 }, encryption),
  );
}
