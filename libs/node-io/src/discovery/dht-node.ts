import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DHT_FAMILIES, type DhtFamily } from '@swarmpatch/peer-wire';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import type LibraryNode from 'bittorrent-dht';
import { readDhtAddress } from './dht-address.ts';
import { globalIpv6Address } from './global-address.ts';
import { DhtLookups } from './dht-lookups.ts';
import { DhtSocket } from './dht-socket.ts';
import { type DhtDelivery, DhtTranslator, type NamedNode } from './dht-translator.ts';
import { isReachableAddress } from './reachable-peer.ts';
import { type HostNames, PLAIN_NAMES, StandIns } from './stand-ins.ts';

/** Peers and torrents that a node keeps for others, and for how long. They announce again every 15 minutes. */
export const DHT_STORED_PEERS_MAX = 10_000;
export const DHT_STORED_LOOKUPS_MAX = 200;
const STORED_PEERS_AGE_MS = 30 * 60_000;
/** Nodes that peers name, of which each costs a packet. */
export const DHT_NAMED_NODES_PER_MINUTE_MAX = 100;

const LOOKUP_INTERVAL_MS = 15 * 60_000;
/** A torrent that lacks peers, or that no node has taken, is looked up again after this long, then twice as long. */
const LONELY_FIRST_MS = 5000;
const LONELY_MAX_MS = 60_000;

/** Of one name: routers have several, of which some do not answer. */
export const DHT_ROUTER_ADDRESSES_MAX = 4;

const NODES_WANTED = 8;
/** What the last session knew is tried before the public routers are. */
const SAVED_NODES_HEAD_START_MS = 2000;
const CONNECT_FIRST_MS = 3000;
const CONNECT_MAX_MS = 5 * 60_000;
const ADDRESS_INTERVAL_MS = 60_000;
const EVERY_IPV4_ADDRESS = '0.0.0.0';
/** Where a node waits for an address. */
const IPV6_LOOPBACK = '::1';

/** What a torrent wants of the DHT. */
export interface DhtMember {
  /** Called with peers as they are found, some of them again and again, the torrent's own among them. */
  readonly onPeers: (peers: readonly PeerEndpoint[]) => void;
  /** The TCP port to be found under by a family, at the time of the announce; undefined looks without being found. */
  readonly announcedPort: (family: DhtFamily) => number | undefined;
  /** Whether more peers are needed than are there: it is looked again sooner. */
  readonly wantsPeers: () => boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

export interface DhtNodeOptions {
  readonly family: DhtFamily;
  /** One of that family to bind to. Absent, it is all of IPv4, or the one of IPv6 that is in use, whichever that is. */
  readonly address: string | undefined;
  /** UDP port; a free one when 0. */
  readonly port: number;
  /** 20 bytes. */
  readonly nodeId: Uint8Array;
  /** Whom it knew before, and whom to ask otherwise. */
  readonly known: Readonly<Record<'saved' | 'bootstrap', readonly PeerEndpoint[]>>;
  /** All nodes that this program has, this one as well once it is open. */
  readonly nodes: ReadonlyMap<DhtFamily, DhtNode>;
}

/** A node of one of the two DHTs, until it is closed. None of its methods fails because of the network. */
export class DhtNode {
  readonly family: DhtFamily;
  /** The UDP port. */
  readonly port: number;
  readonly #library: LibraryNode;
  readonly #socket: DhtSocket;
  readonly #lookups: DhtLookups;
  readonly #names: HostNames;
  readonly #saved: readonly PeerEndpoint[];
  readonly #others: ReadonlyMap<DhtFamily, DhtNode>;
  readonly #closing = new AbortController();
  readonly #members: Map<string, Set<DhtMember>> = new Map();
  #closed: Promise<void> | undefined;
  #namedNodes = { minute: 0, count: 0 };
  #isConnecting = false;
  /** There is nobody to ask. */
  #isOffline: boolean;

  private constructor(library: LibraryNode, socket: DhtSocket, names: HostNames, options: DhtNodeOptions) {
    const { family, address, known, nodes } = options;
    this.family = family;
    this.port = socket.address().port;
    this.#library = library;
    this.#socket = socket;
    this.#lookups = new DhtLookups(library);
    this.#names = names;
    this.#saved = known.saved;
    this.#others = nodes;
    this.#isOffline = address === undefined && socket.address().address === IPV6_LOOPBACK;
    socket.onDelivery((delivery) => {
      this.#take(delivery);
    });
    // Of its own store alone: other nodes' peers come with the delivery.
    library.on('peer', (peer, infohash) => {
      this.#lookups.found(infohash, this.#behind(peer));
    });
    // Nobody tells those who ask here about this node's own torrents: it goes to them itself.
    library.on('announce', (peer, infohash) => {
      const endpoints = this.#behind(peer);
      for (const { onPeers } of this.#members.get(toKey(infohash)) ?? []) onPeers(endpoints);
    });
    // Others name this node as they do any.
    library.on('node', ({ id }) => {
      if (Buffer.compare(id, library.nodeId) === 0) library.nodes.remove(id);
    });
    void this.#stayConnected(known.bootstrap);
    if (family === 'ipv6' && address === undefined) void this.#followAddress();
  }

  /** @throws {DiscoveryError} `discovery_port_taken`, `discovery_unavailable` */
  static async open(options: DhtNodeOptions): Promise<DhtNode> {
    const { family, address, port, nodeId, nodes } = options;
    // Most commands end without it.
    const { default: Library } = await import('bittorrent-dht');
    // Bound to one address, it knows where others find it, and tells of its own torrents as of theirs.
    const own = address === undefined ? undefined : readDhtAddress(address);
    const kept = (): string[] => [...library.toJSON().nodes.map((node) => node.host), ...ownName];
    const names = family === 'ipv6' ? new StandIns(kept) : PLAIN_NAMES;
    const ownName = own && isReachableAddress(own.bytes, undefined) ? [names.nameOf(own.host)] : [];
    const surroundings = {
      closest: (wanted: DhtFamily, target: Uint8Array) => nodes.get(wanted)?.closest(target),
      // BEP 32: each DHT helps the other to begin.
      wanted: () => ([...nodes.values()].some((other) => other.#asksOthers(family)) ? DHT_FAMILIES : undefined),
    };
    const host = address ?? (family === 'ipv4' ? EVERY_IPV4_ADDRESS : ((await globalIpv6Address()) ?? IPV6_LOOPBACK));
    const socket = await DhtSocket.open(family, { host, port }, new DhtTranslator(family, surroundings, names));
    const library = new Library({
      socket,
      bootstrap: false,
      nodeId,
      host: ownName[0],
      maxPeers: DHT_STORED_PEERS_MAX,
      maxAge: STORED_PEERS_AGE_MS,
      maxTables: DHT_STORED_LOOKUPS_MAX,
      maxValues: 1,
    });
    library.setMaxListeners(0);
    library.on('error', () => undefined).on('warning', () => undefined);
    library.listen();
    return new DhtNode(library, socket, names, options);
  }

  /** Nodes in the routing table. */
  get nodeCount(): number {
    return this.#library.nodes.count();
  }

  /** Looks for a torrent's peers, and announces it, at intervals until `member.signal` ends. */
  join(infohashes: readonly Uint8Array[], member: DhtMember): void {
    const signal = AbortSignal.any([member.signal, this.#closing.signal]);
    for (const infohash of infohashes) void this.#follow(Buffer.from(infohash), member, signal);
  }

  /** Takes note of a node that somebody named. */
  addNode({ host, port }: PeerEndpoint): void {
    const address = readDhtAddress(host);
    if (this.#closing.signal.aborted || port < 1 || port > 65_535) return;
    if (address?.family !== this.family || !isReachableAddress(address.bytes, undefined)) return;
    const minute = Math.floor(performance.now() / 60_000);
    if (this.#namedNodes.minute !== minute) this.#namedNodes = { minute, count: 0 };
    this.#namedNodes.count += 1;
    if (this.#namedNodes.count <= DHT_NAMED_NODES_PER_MINUTE_MAX) this.#ask(address.host, port);
  }

  /** Nodes next to an id, nearest first. */
  closest(target: Uint8Array): NamedNode[] {
    const nearest = this.#library.nodes.closest(Buffer.from(target), NODES_WANTED);
    return nearest.flatMap(({ id, ...contact }) => this.#behind(contact).map((endpoint) => ({ id, ...endpoint })));
  }

  /** Whom to ask in the next session: those of the last one when nobody was met. */
  known(): readonly PeerEndpoint[] {
    const { nodes } = this.#library.toJSON();
    return nodes.length === 0 ? this.#saved : nodes.flatMap((node) => this.#behind(node));
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= new Promise((resolve) => {
      this.#library.destroy(resolve);
    });
    return this.#closed;
  }

  #take({ found, otherNodes = [] }: DhtDelivery): void {
    if (found) this.#lookups.found(found.infohash, found.peers);
    for (const [family, other] of this.#others)
      if (family !== this.family && other.nodeCount < NODES_WANTED) for (const node of otherNodes) other.addNode(node);
  }

  #ask(address: string, port: number): void {
    this.#library.addNode({ host: this.#names.nameOf(address), port });
  }

  /** Where that is in the network; nowhere, when it was forgotten. */
  #behind({ host, port }: PeerEndpoint): PeerEndpoint[] {
    const address = this.#names.addressOf(host);
    return address === undefined ? [] : [{ host: address, port }];
  }

  #asksOthers(family: DhtFamily): boolean {
    return family !== this.family && this.#isConnecting;
  }

  async #follow(infohash: Buffer, member: DhtMember, signal: AbortSignal): Promise<void> {
    const key = toKey(infohash);
    const members = this.#members.get(key) ?? new Set();
    this.#members.set(key, members.add(member));
    await this.#followOn(infohash, member, signal);
    members.delete(member);
    if (members.size === 0) this.#members.delete(key);
  }

  async #followOn(infohash: Buffer, member: DhtMember, signal: AbortSignal): Promise<void> {
    let lonelyMs = LONELY_FIRST_MS;
    while (!signal.aborted) {
      if (this.nodeCount === 0) await once(this.#library, 'node', { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#lookups.lookUp(infohash, member.onPeers, signal);
      const isKnown = await this.#lookups.announce(infohash, member.announcedPort(this.family), signal);
      const againAtMs = performance.now() + LOOKUP_INTERVAL_MS;
      do {
        await rest(lonelyMs * (0.9 + Math.random() / 5), signal);
        lonelyMs = Math.min(lonelyMs * 2, LONELY_MAX_MS);
      } while (!signal.aborted && isKnown && !member.wantsPeers() && performance.now() < againAtMs);
    }
  }

  /** As long as few nodes are known, those that are always there are asked. */
  async #stayConnected(bootstrap: readonly PeerEndpoint[]): Promise<void> {
    const { signal } = this.#closing;
    if (this.#saved.length > 0) {
      for (const { host, port } of this.#saved) this.#ask(host, port);
      await rest(SAVED_NODES_HEAD_START_MS, signal);
    }
    let waitMs = CONNECT_FIRST_MS;
    while (!signal.aborted) {
      if (this.nodeCount < NODES_WANTED && !this.#isOffline) await this.#connect(bootstrap);
      waitMs = this.nodeCount < NODES_WANTED ? Math.min(waitMs * 2, CONNECT_MAX_MS) : CONNECT_MAX_MS;
      await rest(waitMs, signal);
    }
  }

  async #connect(bootstrap: readonly PeerEndpoint[]): Promise<void> {
    const { signal } = this.#closing;
    this.#isConnecting = true;
    const asked = bootstrap.map(async ({ host, port }) => {
      // The library would take whichever family comes first, and send to that in vain.
      const addresses = await lookup(host, { family: this.family === 'ipv4' ? 4 : 6, all: true });
      const ours = addresses.filter(({ family }) => `ipv${family}` === this.family);
      for (const { address } of ours.slice(0, DHT_ROUTER_ADDRESSES_MAX)) if (!signal.aborted) this.#ask(address, port);
    });
    for (const [family, other] of this.#others) if (family !== this.family) other.#lookAround();
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_FIRST_MS)]);
    const met = this.nodeCount > 0 ? [] : [once(this.#library, 'node', { signal: timeout })];
    await Promise.race([Promise.allSettled([...asked, ...met]), ...met]).catch(() => undefined);
    this.#isConnecting = false;
    // Whoever is asked for our own neighbourhood gets to know us.
    if (this.nodeCount > 0) await this.#lookups.lookUp(Buffer.from(this.#library.nodeId), () => undefined, signal);
  }

  /**
   * BEP 32, "Source address selection": bound to all addresses, it would answer from another than it was asked at. They come
   * and go.
   */
  async #followAddress(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const address = await globalIpv6Address();
      this.#isOffline = address === undefined;
      if (address !== undefined && !signal.aborted) await this.#socket.moveTo(address);
      await rest(ADDRESS_INTERVAL_MS, signal);
    }
  }

  /** Asks around for the sake of the other node. */
  #lookAround(): void {
    if (this.nodeCount === 0) return;
    void this.#lookups.lookUp(Buffer.from(this.#library.nodeId), () => undefined, this.#closing.signal);
  }
}

function toKey(infohash: Uint8Array): string {
  return Buffer.from(infohash).toString('hex');
}

async function rest(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
}
