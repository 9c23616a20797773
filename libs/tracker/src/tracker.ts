import type { AnnounceReply, AnnounceRequest, ScrapeEntry } from './announce.ts';
import { COMPACT_PEER6_BYTES, COMPACT_PEER_BYTES, writeCompactPeer } from './compact-peers.ts';
import { InfohashTable } from './infohash-table.ts';
import { type IpAddress, IPV4_BYTES, parseIpAddress } from './ip-address.ts';
import {
  ANNOUNCE_INTERVAL_JITTER,
  ANNOUNCE_INTERVAL_SECONDS,
  ANNOUNCE_INTERVAL_SECONDS_MIN,
  OPEN_TORRENTS_MAX,
  PEER_SLOT_MS,
  PEERS_MAX,
  PEERS_PER_TORRENT_MAX,
  PEERS_WANTED_DEFAULT,
  PEERS_WANTED_MAX,
} from './limits.ts';
import { type PeerFamily, type PeerRole, TorrentSwarm } from './torrent-swarm.ts';
import { TrackerError } from './tracker-error.ts';

export interface TrackerOptions {
  /** 'published': only torrents that `allow` named; 'any': an open tracker. */
  admission: 'published' | 'any';
  /** 0 up to 1, as Math.random. */
  random: () => number;
  peersMax?: number;
  openTorrentsMax?: number;
}

/** Where an announce came from, as the socket names it; `port` is not used: a peer says where it listens. */
export interface AnnounceSource {
  address: string;
  port?: number;
}

export interface TrackerStats {
  /** Torrents with peers. */
  torrents: number;
  /** Infohashes that are tracked, with peers or without. */
  infohashes: number;
  peers: number;
  announces: number;
  refusals: number;
  scrapes: number;
}

/** One torrent, under all its infohashes; `swarm` is there while it has peers. */
interface TrackedTorrent {
  isAllowed: boolean;
  completed: number;
  swarm: TorrentSwarm | undefined;
  /** Of a torrent that was not allowed: to forget it when it is empty. */
  infohash: Uint8Array;
}

const NO_PEERS = new Uint8Array(0);

/** Knows who is in which swarm, and introduces them. All memory is bounded, and a torrent without peers has no swarm. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #torrents: InfohashTable<TrackedTorrent>;
  readonly #active = new Set<TrackedTorrent>();
  readonly #counts = { openTorrents: 0, peers: 0, announces: 0, refusals: 0, scrapes: 0 };
  #nowSlot = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#torrents = new InfohashTable(options.random);
  }

  get stats(): TrackerStats {
    const { peers, announces, refusals, scrapes } = this.#counts;
    return { torrents: this.#active.size, infohashes: this.#torrents.size, peers, announces, refusals, scrapes };
  }

  /** Admits a torrent under all of its infohashes (20 bytes each): a hybrid's two names are one swarm. */
  allow(infohashes: readonly Uint8Array[]): void {
    const [first] = infohashes;
    if (first === undefined) return;
    const known = infohashes.map((infohash) => this.#torrents.get(infohash)).find((torrent) => torrent !== undefined);
    if (known?.isAllowed === false) this.#counts.openTorrents -= 1;
    const torrent = known ?? { isAllowed: true, completed: 0, swarm: undefined, infohash: first.slice() };
    torrent.isAllowed = true;
    for (const infohash of infohashes) {
      const other = this.#torrents.get(infohash);
      if (other !== undefined && other !== torrent) this.#forgetPeers(other);
      this.#torrents.set(infohash, torrent);
    }
  }

  /** Forgets a torrent under these infohashes, with its peers. */
  disallow(infohashes: readonly Uint8Array[]): void {
    for (const infohash of infohashes) {
      const torrent = this.#torrents.get(infohash);
      if (torrent?.isAllowed !== true) continue;
      this.#forgetPeers(torrent);
      this.#torrents.delete(infohash);
    }
  }

  /**
   * Takes an announce in and answers with peers.
   *
   * @throws {TrackerError} `torrent_unknown`, `bad_announce` (port 0), `bad_address`, `tracker_full`
   */
  announce(request: AnnounceRequest, source: AnnounceSource, nowMs: number): AnnounceReply {
    try {
      const reply = this.#answer(request, source, nowMs);
      this.#counts.announces += 1;
      return reply;
    } catch (error) {
      this.#counts.refusals += 1;
      throw error;
    }
  }

  /** Counts of each torrent, in order; `undefined` where a torrent is not tracked. */
  scrape(infohashes: readonly Uint8Array[], nowMs: number): (ScrapeEntry | undefined)[] {
    this.#counts.scrapes += 1;
    const nowSlot = this.#advance(nowMs);
    return infohashes.map((infohash) => {
      const torrent = this.#torrents.get(infohash);
      if (torrent === undefined) return undefined;
      this.#sweepTorrent(torrent, nowSlot);
      const { swarm, completed } = torrent;
      return { infohash, seeds: swarm?.seeds ?? 0, leechers: swarm?.leechers ?? 0, completed };
    });
  }

  /** Who is in a torrent's swarm now; for whoever runs the tracker, so it counts as no scrape. */
  countPeers(infohash: Uint8Array, nowMs: number): { seeds: number; leechers: number } {
    const torrent = this.#torrents.get(infohash);
    if (torrent !== undefined) this.#sweepTorrent(torrent, this.#advance(nowMs));
    return { seeds: torrent?.swarm?.seeds ?? 0, leechers: torrent?.swarm?.leechers ?? 0 };
  }

  /** Drops silent peers and empty swarms. To be called about once a minute; announces do it for their own torrent. */
  sweep(nowMs: number): void {
    const nowSlot = this.#advance(nowMs);
    for (const torrent of this.#active) this.#sweepTorrent(torrent, nowSlot);
  }

  #answer(request: AnnounceRequest, source: AnnounceSource, nowMs: number): AnnounceReply {
    const address = parseIpAddress(source.address);
    if (address === undefined) throw new TrackerError('bad_address', `announce: ${source.address} is not an address`);
    if (request.port < 1 || request.port > 65_535)
      throw new TrackerError('bad_announce', `announce: port ${request.port}, wanted 1 to 65535`);
    const nowSlot = this.#advance(nowMs);
    const torrent = this.#torrentFor(request.infohash);
    this.#sweepTorrent(torrent, nowSlot);
    const key = compactKey(address, request.port);
    const family: PeerFamily = address.length === IPV4_BYTES ? 'ipv4' : 'ipv6';
    const role: PeerRole = request.leftBytes === 0 ? 'seed' : 'leecher';
    if (request.event === 'stopped') this.#remove(torrent, key, family);
    else this.#put(torrent, key, family, role, nowSlot);
    return this.#reply(torrent, request, address, key, family, role);
  }

  #reply(
    torrent: TrackedTorrent,
    request: AnnounceRequest,
    address: IpAddress,
    key: Uint8Array,
    family: PeerFamily,
    role: PeerRole,
  ): AnnounceReply {
    const { swarm } = torrent;
    const { random } = this.#options;
    const wanted =
      request.event === 'stopped' ? 0 : Math.min(request.peersWanted ?? PEERS_WANTED_DEFAULT, PEERS_WANTED_MAX);
    const select = (of: PeerFamily, near: Uint8Array): Uint8Array =>
      swarm === undefined || wanted === 0 ? NO_PEERS : swarm.select(near, of, role, wanted, random);
    return {
      intervalSeconds: Math.round(ANNOUNCE_INTERVAL_SECONDS * (1 + ANNOUNCE_INTERVAL_JITTER * (2 * random() - 1))),
      minIntervalSeconds: ANNOUNCE_INTERVAL_SECONDS_MIN,
      seeds: swarm?.seeds ?? 0,
      leechers: swarm?.leechers ?? 0,
      peers: select('ipv4', family === 'ipv4' ? key : NOWHERE.ipv4),
      peers6: select('ipv6', family === 'ipv6' ? key : NOWHERE.ipv6),
      externalAddress: address,
    };
  }

  #torrentFor(infohash: Uint8Array): TrackedTorrent {
    const known = this.#torrents.get(infohash);
    if (known !== undefined) return known;
    if (this.#options.admission === 'published') {
      throw new TrackerError(
        'torrent_unknown',
        'announce: nobody published this torrent here',
        ANNOUNCE_INTERVAL_SECONDS,
      );
    }
    if (this.#counts.openTorrents >= (this.#options.openTorrentsMax ?? OPEN_TORRENTS_MAX)) {
      throw new TrackerError(
        'tracker_full',
        'announce: this tracker has no room for another torrent',
        ANNOUNCE_INTERVAL_SECONDS,
      );
    }
    return { isAllowed: false, completed: 0, swarm: undefined, infohash: infohash.slice() };
  }

  #put(torrent: TrackedTorrent, key: Uint8Array, family: PeerFamily, role: PeerRole, nowSlot: number): void {
    const isFull =
      this.#counts.peers >= (this.#options.peersMax ?? PEERS_MAX) ||
      (torrent.swarm?.peers ?? 0) >= PEERS_PER_TORRENT_MAX;
    if (isFull && torrent.swarm?.has(key, family) !== true) return;
    const swarm = (torrent.swarm ??= this.#open(torrent, nowSlot));
    const change = swarm.put(key, family, role, nowSlot);
    this.#counts.peers += change.peersAdded;
    if (change.hasFinished) torrent.completed += 1;
  }

  #remove(torrent: TrackedTorrent, key: Uint8Array, family: PeerFamily): void {
    if (torrent.swarm?.remove(key, family) !== true) return;
    this.#counts.peers -= 1;
    this.#closeIfEmpty(torrent);
  }

  #open(torrent: TrackedTorrent, nowSlot: number): TorrentSwarm {
    this.#active.add(torrent);
    if (!torrent.isAllowed) {
      this.#torrents.set(torrent.infohash, torrent);
      this.#counts.openTorrents += 1;
    }
    return new TorrentSwarm(nowSlot);
  }

  #sweepTorrent(torrent: TrackedTorrent, nowSlot: number): void {
    if (torrent.swarm === undefined) return;
    this.#counts.peers -= torrent.swarm.sweep(nowSlot);
    this.#closeIfEmpty(torrent);
  }

  #closeIfEmpty(torrent: TrackedTorrent): void {
    if (torrent.swarm === undefined || torrent.swarm.peers > 0) return;
    torrent.swarm = undefined;
    this.#active.delete(torrent);
    if (torrent.isAllowed) return;
    this.#torrents.delete(torrent.infohash);
    this.#counts.openTorrents -= 1;
  }

  #forgetPeers(torrent: TrackedTorrent): void {
    if (torrent.swarm === undefined) return;
    this.#counts.peers -= torrent.swarm.peers;
    if (!torrent.isAllowed) this.#counts.openTorrents -= 1;
    torrent.swarm = undefined;
    this.#active.delete(torrent);
  }

  /** A clock that was set back must not make everyone look old. */
  #advance(nowMs: number): number {
    this.#nowSlot = Math.max(this.#nowSlot, Math.floor(nowMs / PEER_SLOT_MS));
    return this.#nowSlot;
  }
}

/** Peers of the other family have no neighbourhood in common with the announcer: an address nobody has stands for it. */
const NOWHERE: Record<PeerFamily, Uint8Array> = {
  ipv4: new Uint8Array(COMPACT_PEER_BYTES),
  ipv6: new Uint8Array(COMPACT_PEER6_BYTES),
};

function compactKey(address: IpAddress, port: number): Uint8Array {
  const key = new Uint8Array(address.length + 2);
  writeCompactPeer(key, 0, address, port);
  return key;
}
