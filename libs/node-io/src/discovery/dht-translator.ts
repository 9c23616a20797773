import {
  askForNodes,
  type DhtFamily,
  type DhtQuery,
  type DhtReply,
  encodeDhtReply,
  packDhtContacts,
  readDhtContacts,
  readDhtMessage,
} from '@swarmpatch/peer-wire';
import { packPeers, type PeerEndpoint, readCompactPeers } from '@swarmpatch/tracker';
import { type DhtAddress, readDhtAddress } from './dht-address.ts';
import { isReachableAddress, isReachablePeer } from './reachable-peer.ts';
import { type HostNames, PLAIN_NAMES } from './stand-ins.ts';

/** Nodes that a reply names, of each family (BEP 5, BEP 32). */
export const DHT_REPLY_NODES_MAX = 8;
/** Nodes that are taken from a reply, of each family: some name more. */
export const DHT_REPLY_NODES_READ_MAX = 32;
/** Queries whose replies are waited for. The reply to an older one is as good as lost. */
export const DHT_OPEN_QUERIES_MAX = 1024;
/** Of what the library writes: it puts every peer that it keeps into one reply. */
const OWN_PACKET_BYTES_MAX = 1024 * 1024;
/** More than a reply has room for. */
const STORED_PEERS_READ = 256;
const PORT_BYTES = 2;

/** A node as its neighbours name it. */
export interface NamedNode extends PeerEndpoint {
  /** 20 bytes. */
  readonly id: Uint8Array;
}

/** What there is beside the node whose messages are translated. */
export interface DhtSurroundings {
  /** The nodes next to an id, nearest first; undefined of a family that has no node here. */
  closest(family: DhtFamily, target: Uint8Array): readonly NamedNode[] | undefined;
  /** Whose nodes queries ask for; undefined leaves it at the own family's. */
  wanted(): readonly DhtFamily[] | undefined;
}

/** A message for the library. */
export interface DhtDelivery {
  readonly packet: Uint8Array;
  /** Whom it is from, under the library's name. */
  readonly source: PeerEndpoint;
  /** Of a reply: peers of the torrent that was asked for. */
  readonly found?: { readonly infohash: Uint8Array; readonly peers: readonly PeerEndpoint[] };
  /** Of a reply: nodes of the other DHT. */
  readonly otherNodes?: readonly PeerEndpoint[];
}

/** A packet for the network. */
export interface DhtDispatch {
  readonly packet: Uint8Array;
  readonly target: PeerEndpoint;
}

/**
 * Stands between the network and a library that knows BEP 5 alone, and makes a node of BEP 32 out of it: replies name whose
 * nodes are wanted, and IPv6 addresses are known to the library by stand-ins. Peers that are found do not go through the
 * library. What is no message, or the reply to nothing, does not get through.
 */
export class DhtTranslator {
  readonly #family: DhtFamily;
  readonly #names: HostNames;
  readonly #surroundings: DhtSurroundings;
  /** Infohashes asked for, by transaction and host. */
  readonly #asked: Map<string, Uint8Array | undefined> = new Map();
  /** The library answers a query before it takes another packet. */
  #answering: DhtQuery | undefined;

  /** @param names Stand-ins for a node of the IPv6 DHT. */
  constructor(family: DhtFamily, surroundings: DhtSurroundings, names: HostNames = PLAIN_NAMES) {
    this.#family = family;
    this.#surroundings = surroundings;
    this.#names = names;
  }

  /** @returns undefined for what the library is not to see. */
  receive(packet: Uint8Array, source: PeerEndpoint): DhtDelivery | undefined {
    const address = readDhtAddress(source.host);
    if (address?.family !== this.#family || !isReachableAddress(address.bytes, undefined)) return undefined;
    const message = readDhtMessage(packet);
    if (message === undefined) return undefined;
    if (message.kind === 'query') {
      this.#answering = message;
      return { packet, source: this.#named(address.host, source.port) };
    }
    const key = keyOf(message.transaction, address.host);
    if (!this.#asked.has(key)) return undefined;
    const infohash = this.#asked.get(key);
    this.#asked.delete(key);
    const delivery = { packet, source: this.#named(address.host, source.port) };
    return message.kind === 'reply' ? { ...delivery, ...this.#read(message, address, infohash) } : delivery;
  }

  /** @returns undefined for what goes to nobody. */
  send(packet: Uint8Array, target: PeerEndpoint): DhtDispatch | undefined {
    const host = this.#names.addressOf(target.host);
    const message = host === undefined ? undefined : readDhtMessage(packet, OWN_PACKET_BYTES_MAX);
    if (host === undefined || message === undefined) return undefined;
    const place = { host, port: target.port };
    if (message.kind === 'reply') return { packet: this.#write(message, place), target: place };
    if (message.kind === 'failure') return { packet, target: place };
    this.#remember(message, host);
    const wanted = this.#surroundings.wanted();
    const asksForNodes = message.method === 'find_node' || message.method === 'get_peers';
    return { packet: wanted && asksForNodes ? askForNodes(packet, wanted) : packet, target: place };
  }

  #read(reply: DhtReply, source: DhtAddress, infohash: Uint8Array | undefined): Partial<DhtDelivery> {
    const { kind, transaction, id, token } = reply;
    const nodes = nodesOf(reply, this.#family, source).map((node) => ({
      ...node,
      host: this.#names.nameOf(node.host),
    }));
    const packet = encodeDhtReply({ kind, transaction, id, token, nodes: { ipv4: pack(nodes) }, peers: {} });
    const otherNodes = nodesOf(reply, this.#family === 'ipv4' ? 'ipv6' : 'ipv4', source);
    if (infohash === undefined) return { packet, otherNodes };
    const places = (reply.peers[this.#family] ?? []).filter((place) => isReachablePlace(place, source));
    const peers = places.flatMap((place) => readCompactPeers(place, this.#family));
    return { packet, otherNodes, found: { infohash, peers } };
  }

  #write(reply: DhtReply, target: PeerEndpoint): Uint8Array {
    const { kind, transaction, id, token } = reply;
    const stored = (reply.peers.ipv4 ?? []).slice(0, STORED_PEERS_READ);
    const endpoints = stored.flatMap((place) => readCompactPeers(place, 'ipv4')).flatMap((peer) => this.#behind(peer));
    const nodes = this.#nodesFor(transaction, target.host);
    const peers = { [this.#family]: endpoints.map(placeOf) };
    return encodeDhtReply({ kind, transaction, id, token, nodes, peers }, placeOf(target));
  }

  #nodesFor(transaction: Uint8Array, asker: string): DhtReply['nodes'] {
    const query = this.#answering;
    if (query === undefined || Buffer.compare(query.transaction, transaction) !== 0) return {};
    if (query.target === undefined || query.method === 'announce_peer') return {};
    const nodes: Partial<Record<DhtFamily, Uint8Array>> = {};
    for (const family of query.want ?? [this.#family]) {
      const closest = this.#surroundings.closest(family, query.target);
      // A stranger has no use for our own network, and no business there.
      const shown = closest?.filter(({ host }) => isReachablePeer(host, asker));
      if (shown) nodes[family] = pack(shown.slice(0, DHT_REPLY_NODES_MAX));
    }
    return nodes;
  }

  #remember({ transaction, method, target }: DhtQuery, host: string): void {
    const key = keyOf(transaction, host);
    this.#asked.delete(key);
    this.#asked.set(key, method === 'get_peers' ? target : undefined);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > DHT_OPEN_QUERIES_MAX && oldest !== undefined) this.#asked.delete(oldest);
  }

  #named(address: string, port: number): PeerEndpoint {
    return { host: this.#names.nameOf(address), port };
  }

  /** Where that is in the network; nowhere, when it was forgotten. */
  #behind({ host, port }: PeerEndpoint): PeerEndpoint[] {
    const address = this.#names.addressOf(host);
    return address === undefined ? [] : [{ host: address, port }];
  }
}

/** Those of one family that are worth asking. */
function nodesOf(reply: DhtReply, family: DhtFamily, namedBy: DhtAddress): NamedNode[] {
  return readDhtContacts(reply.nodes[family] ?? new Uint8Array(0), family)
    .slice(0, DHT_REPLY_NODES_READ_MAX)
    .filter(({ place }) => isReachablePlace(place, namedBy))
    .flatMap(({ id, place }) => readCompactPeers(place, family).map((endpoint) => ({ id, ...endpoint })));
}

function isReachablePlace(place: Uint8Array, namedBy: DhtAddress): boolean {
  return isReachableAddress(place.subarray(0, -PORT_BYTES), namedBy.bytes);
}

/** @param nodes Of one family. */
function pack(nodes: readonly NamedNode[]): Uint8Array {
  return packDhtContacts(nodes.map((node) => ({ id: node.id, place: placeOf(node) })));
}

/** A compact peer. */
function placeOf(endpoint: PeerEndpoint): Uint8Array {
  const { peers, peers6 } = packPeers([endpoint]);
  return peers.length > 0 ? peers : peers6;
}

function keyOf(transaction: Uint8Array, host: string): string {
  return `${Buffer.from(transaction).toString('hex')} ${host}`;
}
