import type { Outbox } from '../command.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** The UDP ports of this client's nodes, of the IPv4 and of the IPv6 DHT. */
export interface OwnDhtPorts {
  readonly ipv4?: number | undefined;
  readonly ipv6?: number | undefined;
}

/**
 * Tells peers of this client's DHT nodes, and hears of theirs (`port` message of BEP 5): each is heard once. Over IPv6 it is about
 * the IPv6 DHT (BEP 32).
 */
export class DhtPorts {
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #outbox: Outbox;
  readonly #heard = new WeakSet<SwarmPeer>();
  #ownPorts: OwnDhtPorts = {};

  constructor(options: { peers: ReadonlyMap<number, SwarmPeer>; outbox: Outbox }) {
    this.#peers = options.peers;
    this.#outbox = options.outbox;
  }

  /** This client's nodes answer there from now on. */
  started(ports: OwnDhtPorts): void {
    this.#ownPorts = ports;
    for (const peer of this.#peers.values()) this.greet(peer);
  }

  /** To be sent after what is here, which BEP 6 wants first. */
  greet(peer: SwarmPeer): void {
    const port = this.#ownPorts[isIpv6(peer) ? 'ipv6' : 'ipv4'];
    if (port === undefined || peer.capabilities.dht !== true) return;
    this.#outbox.send(peer.number, { kind: 'port', port });
  }

  received(peer: SwarmPeer, port: number): void {
    if (port === 0 || this.#heard.has(peer)) return;
    this.#heard.add(peer);
    this.#outbox.put({ kind: 'dht_node', address: { host: peer.host, port } });
  }
}

function isIpv6({ place }: SwarmPeer): boolean {
  return place.bytes?.length === 16;
}
