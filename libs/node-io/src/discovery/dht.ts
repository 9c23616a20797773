import { randomBytes } from 'node:crypto';
import { DHT_FAMILIES, type DhtFamily } from '@swarmpatch/peer-wire';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import { readDhtAddress } from './dht-address.ts';
import { type DhtMember, DhtNode, type DhtNodeOptions } from './dht-node.ts';
import { DHT_BOOTSTRAP_NODES } from './dht-nodes.ts';
import { type DhtState, encodeDhtState, parseDhtState } from './dht-state.ts';
import { type DiscoveredTorrent, expectPublic } from './discovered-torrent.ts';
import { DiscoveryError } from './discovery-error.ts';

const NODE_ID_BYTES = 20;

export interface DhtOptions {
  /** One of a family to bind to: a family without has no node. All of both when absent. */
  addresses?: readonly string[];
  /** UDP port; a free one when absent or 0. */
  port?: number;
  /** Whom to ask first. `DHT_BOOTSTRAP_NODES` when absent. */
  bootstrapNodes?: readonly PeerEndpoint[];
  /** What `Dht.state` gave in the session before. Anything else is as good as nothing. */
  state?: Uint8Array | undefined;
}

/**
 * Starts the nodes of a session: one of the IPv4 DHT (BEP 5) and one of the IPv6 DHT (BEP 32), as far as the machine has these
 * families. They answer other nodes, keep peers for them, and do not take part in the storage of BEP 44.
 *
 * @throws {DiscoveryError} `discovery_port_taken`, `discovery_unavailable` when there is neither node.
 */
export async function startDht(options: DhtOptions = {}): Promise<Dht> {
  const state = options.state && parseDhtState(options.state);
  const nodeId = state?.nodeId ?? randomBytes(NODE_ID_BYTES);
  const bootstrap = options.bootstrapNodes ?? DHT_BOOTSTRAP_NODES;
  const nodes = new Map<DhtFamily, DhtNode>();
  const failures: DiscoveryError[] = [];
  for (const family of DHT_FAMILIES) {
    const address = options.addresses?.find((each) => readDhtAddress(each)?.family === family);
    if (options.addresses && address === undefined) continue;
    const known = { saved: state?.nodes[family] ?? [], bootstrap };
    const [first] = nodes.values();
    try {
      const node = { family, address, nodeId, known, nodes };
      nodes.set(family, await openNode({ ...node, port: first?.port ?? options.port ?? 0 }, first));
    } catch (error) {
      if (!(error instanceof DiscoveryError)) throw error;
      failures.push(error);
      // Whoever asked for a port is to know.
      if (error.code === 'discovery_port_taken') break;
    }
  }
  if (nodes.size === 0) throw failures[0] ?? noAddress(options.addresses ?? []);
  return new Dht(nodeId, nodes, state?.nodes);
}

/** The nodes of a session, until they are closed. None of its methods fails because of the network. */
export class Dht {
  readonly #nodeId: Uint8Array;
  readonly #nodes: ReadonlyMap<DhtFamily, DhtNode>;
  readonly #saved: DhtState['nodes'] | undefined;

  /** Use `startDht`. */
  constructor(nodeId: Uint8Array, nodes: ReadonlyMap<DhtFamily, DhtNode>, saved: DhtState['nodes'] | undefined) {
    this.#nodeId = nodeId;
    this.#nodes = nodes;
    this.#saved = saved;
  }

  /** The UDP ports, as told to peers in `port` messages: to those of a family, its own. */
  get ports(): Readonly<Partial<Record<DhtFamily, number>>> {
    return Object.fromEntries([...this.#nodes].map(([family, { port }]) => [family, port]));
  }

  /** Nodes in both routing tables. */
  get nodeCount(): number {
    return [...this.#nodes.values()].reduce((sum, { nodeCount }) => sum + nodeCount, 0);
  }

  /**
   * Looks for a torrent's peers, and announces it, at intervals until `member.signal` ends.
   *
   * @throws {DiscoveryError} `discovery_private`
   */
  join(torrent: DiscoveredTorrent, member: DhtMember): void {
    expectPublic(torrent, 'DHT');
    for (const node of this.#nodes.values()) node.join(torrent.infohashes, member);
  }

  /** Takes note of a node that a peer named (`port` message of BEP 5: the peer's address, the message's port). */
  addNode(endpoint: PeerEndpoint): void {
    const address = readDhtAddress(endpoint.host);
    if (address) this.#nodes.get(address.family)?.addNode(endpoint);
  }

  /** The id of both nodes, and whom they know, for the next session. */
  state(): Uint8Array {
    const known = (family: DhtFamily): readonly PeerEndpoint[] =>
      this.#nodes.get(family)?.known() ?? this.#saved?.[family] ?? [];
    return encodeDhtState({ nodeId: this.#nodeId, nodes: { ipv4: known('ipv4'), ipv6: known('ipv6') } });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.close()));
  }
}

function noAddress(found: readonly string[]): DiscoveryError {
  const doing = 'start the DHT: an IPv4 or IPv6 address to bind to is wanted';
  return new DiscoveryError('discovery_unavailable', `${doing}, found ${found.join(', ') || 'none'}`);
}

/** Beside another node it has the same port, if it can. */
async function openNode(options: DhtNodeOptions, beside: DhtNode | undefined): Promise<DhtNode> {
  if (beside === undefined) return DhtNode.open(options);
  return DhtNode.open(options).catch(() => DhtNode.open({ ...options, port: 0 }));
}
