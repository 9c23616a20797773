import type { OwnDhtPorts, PeerAddress, PeerOrigin } from '@swarmpatch/swarm';

import type { Dht, DiscoveredTorrent as PublicTorrent, LanDiscovery, PortMapping } from '../discovery/index.ts';
import type { ListenAddress } from './peer-listener.ts';

/** A torrent that has web seeds or trackers may well be complete by then. */
const DHT_LATER_MS = 2_000;
/** Short commands need nobody to come in. */
const PORT_MAPPING_AFTER_MS = 5_000;
/** DHT nodes that peers name before there is one of our own. */
export const NAMED_NODES_KEPT_MAX = 20;

/** A torrent whose peers are looked for. */
export interface DiscoveredTorrent extends PublicTorrent {
  /** DHT nodes that the torrent names. */
  readonly nodes?: readonly PeerAddress[] | undefined;
}

/** Ways to find peers beside trackers; each is off unless asked for, and always for private torrents (BEP 27). */
export interface DiscoveryOptions {
  readonly dht?: DhtSettings | undefined;
  readonly lan?: 'use' | 'avoid' | undefined;
  /** Whether the router is asked to let peers in, once the session has lasted for some seconds. */
  readonly portMapping?: 'use' | 'avoid' | undefined;
}

export interface DhtSettings {
  /** Whom to ask first; the public routers unless given. */
  readonly bootstrapNodes?: readonly PeerAddress[] | undefined;
  /** What `TransferSession.dhtState` gave in the session before. */
  readonly state?: Uint8Array | undefined;
}

/** What a torrent wants of all ways. */
export interface DiscoveryMember {
  readonly onPeers: (peers: readonly PeerAddress[], origin: PeerOrigin) => void;
  /** The port to be found under; undefined looks without being found. */
  readonly announcedPort: () => number | undefined;
  readonly wantsPeers: () => boolean;
  /** The session's DHT nodes answer at these UDP ports, and look for this torrent. */
  readonly onDhtStarted?: (ports: OwnDhtPorts) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The DHT nodes, the one place in the local network and the one port mapping of a session. Nothing waits for them. */
export class SessionDiscovery {
  readonly #options: DiscoveryOptions;
  readonly #listen: ListenAddress | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #dht: Promise<Dht | undefined> | undefined;
  #lan: Promise<LanDiscovery | undefined> | undefined;
  #portMapping: Promise<PortMapping> | undefined;
  #startedDht: Dht | undefined;
  readonly #namedNodes: PeerAddress[] = [];
  #mappedPort: number | undefined;
  #isClosed = false;

  /** @param listen Where peers may come in. Who listens on loopback alone is found by nobody, and asks none but named nodes. */
  constructor(options: DiscoveryOptions, listen: ListenAddress | undefined) {
    const { dht, lan, portMapping } = options;
    const isLocal = listen === undefined || isLoopback(listen.host);
    this.#listen = listen;
    this.#options = {
      dht: listen && (!isLocal || dht?.bootstrapNodes) ? dht : undefined,
      lan: isLocal ? 'avoid' : lan,
      portMapping: isLocal ? 'avoid' : portMapping,
    };
    if (this.#options.portMapping === 'use') {
      this.#after(PORT_MAPPING_AFTER_MS, () => {
        this.#portMapping = this.#mapPort();
      });
    }
  }

  /** How many ways there are to find peers. */
  get wayCount(): number {
    return (this.#options.dht ? 1 : 0) + (this.#options.lan === 'use' ? 1 : 0);
  }

  /** Whether public torrents are looked for in the DHT. */
  get hasDht(): boolean {
    return this.#options.dht !== undefined;
  }

  /** Where peers from outside come in; undefined when nobody can. */
  get announcedPort(): number | undefined {
    return this.#mappedPort ?? this.#listen?.port;
  }

  /** For the next session, once there is something to keep. */
  get dhtState(): Uint8Array | undefined {
    return this.#startedDht?.nodeCount === 0 ? undefined : this.#startedDht?.state();
  }

  /**
   * Looks for peers of a torrent until the member's signal ends; of a private one nowhere.
   *
   * @param dhtUse `later` where there are trackers or web seeds: most transfers are over before the DHT is needed.
   */
  join(torrent: DiscoveredTorrent, member: DiscoveryMember, dhtUse: 'now' | 'later'): void {
    if (torrent.isPrivate || this.#isClosed) return;
    if (this.#options.lan === 'use') void this.#joinLan(torrent, member);
    if (!this.#options.dht) return;
    this.#after(dhtUse === 'now' ? 0 : DHT_LATER_MS, () => void this.#joinDht(torrent, member));
  }

  /** A peer of a public torrent says that its DHT node is there (BEP 5). */
  addDhtNode(node: PeerAddress): void {
    if (this.#startedDht) this.#startedDht.addNode(node);
    else if (this.#namedNodes.length < NAMED_NODES_KEPT_MAX) this.#namedNodes.push(node);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const [dht, lan, portMapping] = await Promise.all([this.#dht, this.#lan, this.#portMapping]);
    lan?.close();
    await Promise.all([dht?.close(), portMapping?.close()]);
  }

  async #joinDht(torrent: DiscoveredTorrent, member: DiscoveryMember): Promise<void> {
    if (member.signal.aborted) return;
    this.#dht ??= this.#startDht(this.#options.dht ?? {});
    const dht = await this.#dht;
    if (member.signal.aborted || this.#isClosed) return;
    const onPeers = (peers: readonly PeerAddress[]): void => {
      member.onPeers(peers, 'dht');
    };
    if (!dht) return;
    for (const node of torrent.nodes ?? []) dht.addNode(node);
    // What a router maps is IPv4's.
    const announcedPort = (family: 'ipv4' | 'ipv6'): number | undefined =>
      family === 'ipv4' ? member.announcedPort() : member.announcedPort() && this.#listen?.port;
    dht.join(torrent, { ...member, announcedPort, onPeers });
    member.onDhtStarted?.(dht.ports);
  }

  async #joinLan(torrent: DiscoveredTorrent, member: DiscoveryMember): Promise<void> {
    this.#lan ??= startLan(this.#listen);
    const lan = await this.#lan;
    if (member.signal.aborted || this.#isClosed) return;
    const onPeers = (peers: readonly PeerAddress[]): void => {
      member.onPeers(peers, 'lan');
    };
    lan?.join(torrent, { ...member, announcedPort: () => member.announcedPort() && this.#listen?.port, onPeers });
  }

  async #mapPort(): Promise<PortMapping> {
    const { startPortMapping } = await import('../discovery/index.ts');
    return startPortMapping({
      port: this.#listen?.port ?? 0,
      onChange: (mapped) => {
        this.#mappedPort = mapped?.externalPort;
      },
    });
  }

  #after(waitMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, waitMs).unref();
    this.#timers.add(timer);
  }

  async #startDht({ bootstrapNodes, state }: DhtSettings): Promise<Dht | undefined> {
    const { host, port } = this.#listen ?? { host: '::', port: 0 };
    const { startDht } = await import('../discovery/index.ts');
    const options = {
      ...(host === '::' ? {} : { addresses: [host] }),
      ...(bootstrapNodes ? { bootstrapNodes } : {}),
      state,
    };
    // The same number as for TCP is what routers and peers expect; another one works, too.
    const dht = await startDht({ ...options, port }).catch(() => startDht(options).catch(() => undefined));
    this.#startedDht = dht;
    for (const node of this.#namedNodes.splice(0)) dht?.addNode(node);
    return dht;
  }
}

async function startLan(listen: ListenAddress | undefined): Promise<LanDiscovery | undefined> {
  const host = listen?.host ?? '::';
  const { startLanDiscovery } = await import('../discovery/index.ts');
  return startLanDiscovery(isEveryAddress(host) ? {} : { addresses: [host] }).catch(() => undefined);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}

function isEveryAddress(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}
