import type { Outbox } from '../command.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/**
 * Tells peers of this client's DHT node, and hears of theirs (`port` message of BEP 5): each is heard once. BEP 32 is not spoken,
 * so the node is none of those who are met over IPv6.
 */
export class DhtPorts {
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #outbox: Outbox;
  readonly #heard = new WeakSet<SwarmPeer>();
  #ownPort: number | undefined;

  constructor(options: { peers: ReadonlyMap<number, SwarmPeer>; outbox: Outbox }) {
    this.#peers = options.peers;
    this.#outbox = options.outbox;
  }

  /** This client's node answers at this UDP port from now on. */
  started(port: number): void {
    this.#ownPort = port;
    for (const peer of this.#peers.values()) this.greet(peer);
  }

  /** To be sent after what is here, which BEP 6 wants first. */
  greet(peer: SwarmPeer): void {
    if (this.#ownPort === undefined || peer.capabilities.dht !== true || isIpv6(peer)) return;
    this.#outbox.send(peer.number, { kind: 'port', port: this.#ownPort });
  }

  received(peer: SwarmPeer, port: number): void {
    if (port === 0 || this.#heard.has(peer) || isIpv6(peer)) return;
    this.#heard.add(peer);
    this.#outbox.put({ kind: 'dht_node', address: { host: peer.host, port } });
  }
}

function isIpv6({ place }: SwarmPeer): boolean {
  return place.bytes?.length === 16;
}
