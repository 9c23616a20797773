import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import type DhtNode from 'bittorrent-dht';
import { DHT_BOOTSTRAP_NODES } from './dht-nodes.ts';
import { DhtSocket } from './dht-socket.ts';
import { encodeDhtState, parseDhtState } from './dht-state.ts';
import { type DiscoveredTorrent, expectPublic } from './discovered-torrent.ts';
import { PeerSearch } from './peer-search.ts';
import { isReachablePeer } from './reachable-peer.ts';

/** Peers and torrents that this node keeps for others, and for how long. They announce again every 15 minutes. */
export const DHT_STORED_PEERS_MAX = 10_000;
export const DHT_STORED_LOOKUPS_MAX = 200;
const STORED_PEERS_AGE_MS = 30 * 60_000;
/** Nodes that peers name, of which each costs a packet. */
export const DHT_NAMED_NODES_PER_MINUTE_MAX = 100;

const LOOKUP_INTERVAL_MS = 15 * 60_000;
/** A torrent that lacks peers, or that no node has taken, is looked up again after this long, then twice as long. */
const LONELY_FIRST_MS = 5000;
const LONELY_MAX_MS = 60_000;
const LOOKUP_TIMEOUT_MS = 60_000;

const NODES_WANTED = 8;
/** What the last session knew is tried before the public routers are. */
const SAVED_NODES_HEAD_START_MS = 2000;
const CONNECT_FIRST_MS = 3000;
const CONNECT_MAX_MS = 5 * 60_000;

export interface DhtOptions {
  /** An IPv4 address to bind to; all of them when absent. */
  host?: string;
  /** UDP port; a free one when absent or 0. */
  port?: number;
  /** Whom to ask first. `DHT_BOOTSTRAP_NODES` when absent. */
  bootstrapNodes?: readonly PeerEndpoint[];
  /** What `Dht.state` gave in the session before. Anything else is as good as nothing. */
  state?: Uint8Array | undefined;
}

/** What a torrent wants of the DHT. */
export interface DhtMember {
  /** Called with peers as they are found, some of them again and again, the torrent's own among them. */
  readonly onPeers: (peers: readonly PeerEndpoint[]) => void;
  /** The TCP port to be found under, at the time of the announce; undefined looks without being found. */
  readonly announcedPort: () => number | undefined;
  /** Whether more peers are needed than are there: it is looked again sooner. */
  readonly wantsPeers: () => boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Starts the one DHT node (BEP 5) of a session. IPv4 alone: that is the library's limit. It answers other nodes, keeps
 * peers for them, and does not take part in the storage of BEP 44.
 *
 * @throws {DiscoveryError} `discovery_port_taken`, `discovery_unavailable`
 */
export async function startDht(options: DhtOptions = {}): Promise<Dht> {
  // Most commands end without it.
  const { default: Node } = await import('bittorrent-dht');
  const socket = await DhtSocket.open(options.host ?? '0.0.0.0', options.port ?? 0);
  const state = options.state && parseDhtState(options.state);
  const node = new Node({
    socket,
    bootstrap: false,
    ...(state ? { nodeId: state.nodeId } : {}),
    // Bound to one address, it knows where others find it, and tells of its own torrents as of theirs.
    ...(isOneAddress(options.host) ? { host: options.host } : {}),
    maxPeers: DHT_STORED_PEERS_MAX,
    maxAge: STORED_PEERS_AGE_MS,
    maxTables: DHT_STORED_LOOKUPS_MAX,
    maxValues: 1,
  });
  node.setMaxListeners(0);
  node.on('error', () => undefined).on('warning', () => undefined);
  node.listen();
  const { port } = socket.address();
  return new Dht(node, port, { saved: state?.nodes ?? [], bootstrap: options.bootstrapNodes ?? DHT_BOOTSTRAP_NODES });
}

/** A running DHT node, until it is closed. None of its methods fails because of the network. */
export class Dht {
  /** The UDP port, as told to peers in `port` messages. */
  readonly port: number;
  readonly #node: DhtNode;
  readonly #closing = new AbortController();
  readonly #searches: Map<string, Set<PeerSearch>> = new Map();
  readonly #members: Map<string, Set<DhtMember>> = new Map();
  #closed: Promise<void> | undefined;
  #namedNodes = { minute: 0, count: 0 };

  /** Use `startDht`. */
  constructor(node: DhtNode, port: number, known: Record<'saved' | 'bootstrap', readonly PeerEndpoint[]>) {
    this.port = port;
    this.#node = node;
    node.on('peer', (peer, infohash, from) => {
      if (!isReachablePeer(peer.host, from?.address ?? from?.host)) return;
      for (const search of this.#searches.get(toKey(infohash)) ?? []) search.add(peer);
    });
    // Nobody tells those who ask here about this node's own torrents: it goes to them itself.
    node.on('announce', (peer, infohash, from) => {
      if (!isReachablePeer(peer.host, from.host)) return;
      for (const { onPeers } of this.#members.get(toKey(infohash)) ?? []) onPeers([peer]);
    });
    void this.#stayConnected(known.saved, known.bootstrap);
  }

  /** Nodes in the routing table. */
  get nodeCount(): number {
    return this.#node.nodes.count();
  }

  /**
   * Looks for a torrent's peers, and announces it, at intervals until `member.signal` ends.
   *
   * @throws {DiscoveryError} `discovery_private`
   */
  join(torrent: DiscoveredTorrent, member: DhtMember): void {
    expectPublic(torrent, 'DHT');
    const signal = AbortSignal.any([member.signal, this.#closing.signal]);
    for (const infohash of torrent.infohashes) void this.#follow(Buffer.from(infohash), member, signal);
  }

  /** Takes note of a node that a peer named (`port` message of BEP 5: the peer's address, the message's port). */
  addNode({ host, port }: PeerEndpoint): void {
    const address = host.replace(/^::ffff:/i, '');
    if (this.#closing.signal.aborted || port < 1 || port > 65_535) return;
    if (!isIPv4(address) || !isReachablePeer(address, undefined)) return;
    const minute = Math.floor(performance.now() / 60_000);
    if (this.#namedNodes.minute !== minute) this.#namedNodes = { minute, count: 0 };
    this.#namedNodes.count += 1;
    if (this.#namedNodes.count <= DHT_NAMED_NODES_PER_MINUTE_MAX) this.#node.addNode({ host: address, port });
  }

  /** Its id and the nodes that it knows, for the next session. */
  state(): Uint8Array {
    return encodeDhtState({ nodeId: this.#node.nodeId, nodes: this.#node.toJSON().nodes });
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= new Promise((resolve) => {
      this.#node.destroy(resolve);
    });
    return this.#closed;
  }

  async #follow(infohash: Buffer, member: DhtMember, signal: AbortSignal): Promise<void> {
    const key = toKey(infohash);
    addTo(this.#members, key, member);
    await this.#followOn(infohash, member, signal);
    removeFrom(this.#members, key, member);
  }

  async #followOn(infohash: Buffer, member: DhtMember, signal: AbortSignal): Promise<void> {
    let lonelyMs = LONELY_FIRST_MS;
    while (!signal.aborted) {
      if (this.nodeCount === 0) await once(this.#node, 'node', { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#lookUp(infohash, member.onPeers, signal);
      const isKnown = await this.#announce(infohash, member.announcedPort(), signal);
      const againAtMs = performance.now() + LOOKUP_INTERVAL_MS;
      do {
        await rest(lonelyMs * (0.9 + Math.random() / 5), signal);
        lonelyMs = Math.min(lonelyMs * 2, LONELY_MAX_MS);
      } while (!signal.aborted && isKnown && !member.wantsPeers() && performance.now() < againAtMs);
    }
  }

  /** The nodes nearest to the infohash are asked, and whom they name, until nobody nearer is left. */
  #lookUp(infohash: Buffer, onPeers: DhtMember['onPeers'], signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const key = toKey(infohash);
    const search = new PeerSearch(onPeers);
    addTo(this.#searches, key, search);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        stop();
        removeFrom(this.#searches, key, search);
        search.flush();
        resolve();
      };
      const timer = setTimeout(finish, LOOKUP_TIMEOUT_MS);
      signal.addEventListener('abort', finish, { once: true });
      const stop = this.#node.lookup(infohash, finish);
    });
  }

  /** @returns whether there is nothing left to announce. */
  #announce(infohash: Buffer, port: number | undefined, signal: AbortSignal): Promise<boolean> {
    if (port === undefined || signal.aborted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (isKnown: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(isKnown);
      };
      const giveUp = (): void => {
        finish(false);
      };
      const timer = setTimeout(giveUp, LOOKUP_TIMEOUT_MS);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#node.announce(infohash, port, (error, nodes = 0) => {
        finish(error === null && nodes > 0);
      });
    });
  }

  /** As long as few nodes are known, those that are always there are asked. */
  async #stayConnected(saved: readonly PeerEndpoint[], bootstrap: readonly PeerEndpoint[]): Promise<void> {
    const { signal } = this.#closing;
    if (saved.length > 0) {
      for (const node of saved) this.#node.addNode({ ...node });
      await rest(SAVED_NODES_HEAD_START_MS, signal);
    }
    let waitMs = CONNECT_FIRST_MS;
    while (!signal.aborted) {
      if (this.nodeCount < NODES_WANTED) await this.#connect(bootstrap);
      waitMs = this.nodeCount < NODES_WANTED ? Math.min(waitMs * 2, CONNECT_MAX_MS) : CONNECT_MAX_MS;
      await rest(waitMs, signal);
    }
  }

  async #connect(bootstrap: readonly PeerEndpoint[]): Promise<void> {
    const { signal } = this.#closing;
    const asked = bootstrap.map(async ({ host, port }) => {
      // By IPv4: the library would take whichever family comes first, and send to that in vain.
      const { address } = await lookup(host, { family: 4 });
      if (!signal.aborted) this.#node.addNode({ host: address, port });
    });
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_FIRST_MS)]);
    const met = this.nodeCount > 0 ? [] : [once(this.#node, 'node', { signal: timeout })];
    await Promise.race([Promise.allSettled([...asked, ...met]), ...met]).catch(() => undefined);
    // Whoever is asked for our own neighbourhood gets to know us.
    if (this.nodeCount > 0) await this.#lookUp(Buffer.from(this.#node.nodeId), () => undefined, signal);
  }
}

function isOneAddress(host: string | undefined): host is string {
  return host !== undefined && isIPv4(host) && isReachablePeer(host, undefined);
}

function addTo<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const values = sets.get(key) ?? new Set();
  sets.set(key, values.add(value));
}

function removeFrom<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const values = sets.get(key);
  if (values?.delete(value) && values.size === 0) sets.delete(key);
}

function toKey(infohash: Uint8Array): string {
  return Buffer.from(infohash).toString('hex');
}

async function rest(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
}
