import type { PeerAddress, PeerOrigin } from '@swarmpatch/swarm';

import type { Dht, DiscoveredTorrent, LanDiscovery } from '../discovery/index.ts';
import type { ListenAddress } from './peer-listener.ts';

/** Ways to find peers beside trackers; each is off unless asked for, and always for private torrents (BEP 27). */
export interface DiscoveryOptions {
  readonly dht?: DhtSettings | undefined;
  readonly lan?: 'use' | 'avoid' | undefined;
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
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The one DHT node and the one place in the local network of a session. They start beside it: nothing waits for them. */
export class SessionDiscovery {
  readonly #dht: Promise<Dht | undefined> | undefined;
  readonly #lan: Promise<LanDiscovery | undefined> | undefined;
  #startedDht: Dht | undefined;

  /** @param listen Where peers may come in. Who listens on loopback alone is found by nobody, and asks none but named nodes. */
  constructor({ dht, lan }: DiscoveryOptions, listen: ListenAddress | undefined) {
    if (!listen) return;
    const isLocal = isLoopback(listen.host);
    if (dht && (!isLocal || dht.bootstrapNodes !== undefined)) this.#dht = this.#startDht(dht, listen);
    if (lan === 'use' && !isLocal) this.#lan = startLan(listen);
  }

  /** How many ways there are. */
  get wayCount(): number {
    return [this.#dht, this.#lan].filter((way) => way !== undefined).length;
  }

  /** For the next session, once there is something to keep. */
  get dhtState(): Uint8Array | undefined {
    return this.#startedDht?.nodeCount === 0 ? undefined : this.#startedDht?.state();
  }

  /** Looks for peers of a torrent until the member's signal ends; of a private one nowhere. */
  join(torrent: DiscoveredTorrent, member: DiscoveryMember): void {
    if (torrent.isPrivate) return;
    void this.#dht?.then((dht) => {
      if (member.signal.aborted) return;
      dht?.join(torrent, {
        ...member,
        onPeers: (peers) => {
          member.onPeers(peers, 'dht');
        },
      });
    });
    void this.#lan?.then((lan) => {
      if (member.signal.aborted) return;
      lan?.join(torrent, {
        ...member,
        onPeers: (peers) => {
          member.onPeers(peers, 'lan');
        },
      });
    });
  }

  /** Takes note of nodes that a torrent or a peer names. */
  addNodes(nodes: readonly PeerAddress[]): void {
    if (nodes.length === 0) return;
    void this.#dht?.then((dht) => {
      for (const node of nodes) dht?.addNode(node);
    });
  }

  async close(): Promise<void> {
    const [dht, lan] = await Promise.all([this.#dht, this.#lan]);
    lan?.close();
    await dht?.close();
  }

  async #startDht({ bootstrapNodes, state }: DhtSettings, { host, port }: ListenAddress): Promise<Dht | undefined> {
    const { startDht } = await import('../discovery/index.ts');
    const options = {
      ...(isEveryAddress(host) || host.includes(':') ? {} : { host }),
      ...(bootstrapNodes ? { bootstrapNodes } : {}),
      state,
    };
    // The same number as for TCP is what routers and peers expect; another one works, too.
    const dht = await startDht({ ...options, port }).catch(() => startDht(options).catch(() => undefined));
    this.#startedDht = dht;
    return dht;
  }
}

async function startLan({ host }: ListenAddress): Promise<LanDiscovery | undefined> {
  const { startLanDiscovery } = await import('../discovery/index.ts');
  return startLanDiscovery(isEveryAddress(host) ? {} : { addresses: [host] }).catch(() => undefined);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}

function isEveryAddress(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}
