import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { encodeLanAnnounce, parseLanAnnounce } from '@swarmpatch/peer-wire';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import { type DiscoveredTorrent, expectPublic } from './discovered-torrent.ts';
import { type LanFamily, LanSocket } from './lan-socket.ts';
import { PacketBudget } from './packet-budget.ts';

/** A torrent is announced so often at most, whoever joins and leaves (BEP 14). */
export const LAN_ANNOUNCE_INTERVAL_MS: number = 5 * 60_000;
/** Peers taken from the local network: beyond, they are as good as not announced. */
export const LAN_PEERS_PER_SECOND_MAX = 50;
/** Torrents that start together share packets. */
const GATHER_MS = 100;
const FAMILIES: readonly LanFamily[] = ['ipv4', 'ipv6'];

export interface LanDiscoveryOptions {
  /** Of this machine's interfaces, those to use; all but loopback when absent. */
  addresses?: readonly string[];
}

/** What a torrent wants of the local network. */
export interface LanMember {
  /** Called with each peer that announces itself. */
  readonly onPeers: (peers: readonly PeerEndpoint[]) => void;
  /** The TCP port to be found under, at the time of the announce; undefined listens without being found. */
  readonly announcedPort: () => number | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Starts looking for peers on the local network (BEP 14, "local service discovery"), as far as it lets us. */
export async function startLanDiscovery(options: LanDiscoveryOptions = {}): Promise<LanDiscovery> {
  const discovery = new LanDiscovery(options.addresses);
  await discovery.open();
  return discovery;
}

/** Announces torrents to the local network and hears others, until it is closed. Nothing here fails. */
export class LanDiscovery {
  readonly #addresses: readonly string[] | undefined;
  readonly #cookie: string = randomBytes(8).toString('hex');
  readonly #budget: PacketBudget = new PacketBudget();
  readonly #members: Map<string, Set<LanMember>> = new Map();
  readonly #announcedAtMs: Map<string, number> = new Map();
  #sockets: LanSocket[] = [];
  #peersHeard = { second: 0, count: 0 };
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Use `startLanDiscovery`. */
  constructor(addresses: readonly string[] | undefined) {
    this.#addresses = addresses;
  }

  /** Use `startLanDiscovery`. */
  async open(): Promise<void> {
    const opening = FAMILIES.map((family) =>
      LanSocket.open(family, (packet, source) => {
        this.#receive(packet, source);
      }),
    );
    this.#sockets = (await Promise.all(opening)).filter((socket) => socket !== undefined);
    for (const socket of this.#sockets) socket.join(this.#addresses);
  }

  /**
   * Announces a torrent now and at intervals, and hears of its peers, until `member.signal` ends.
   *
   * @throws {DiscoveryError} `discovery_private`
   */
  join(torrent: DiscoveredTorrent, member: LanMember): void {
    expectPublic(torrent, 'LAN discovery');
    if (this.#isClosed || member.signal.aborted) return;
    const keys = torrent.infohashes.map((infohash) => Buffer.from(infohash).toString('hex'));
    for (const key of keys) this.#members.set(key, (this.#members.get(key) ?? new Set()).add(member));
    member.signal.addEventListener('abort', () => {
      for (const key of keys) this.#leave(key, member);
    });
    this.#announceIn(GATHER_MS);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#members.clear();
    for (const socket of this.#sockets) socket.close();
  }

  #leave(key: string, member: LanMember): void {
    const members = this.#members.get(key);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(key);
  }

  #announceIn(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#announceDue();
    }, waitMs).unref();
  }

  #announceDue(): void {
    const nowMs = performance.now();
    for (const [key, announcedAtMs] of this.#announcedAtMs) {
      if (nowMs - announcedAtMs >= LAN_ANNOUNCE_INTERVAL_MS) this.#announcedAtMs.delete(key);
    }
    const byPort = new Map<number, string[]>();
    for (const [key, members] of this.#members) {
      if (this.#announcedAtMs.has(key)) continue;
      const port = [...members].map((member) => member.announcedPort()).find((each) => each !== undefined);
      if (port === undefined) continue;
      byPort.set(port, [...(byPort.get(port) ?? []), key]);
      this.#announcedAtMs.set(key, nowMs);
    }
    for (const [port, keys] of byPort) this.#announce(port, keys);
    const next = Math.min(nowMs, ...this.#announcedAtMs.values()) + LAN_ANNOUNCE_INTERVAL_MS;
    this.#announceIn(next - nowMs + GATHER_MS);
  }

  #announce(port: number, keys: readonly string[]): void {
    const infohashes = keys.map((key) => Buffer.from(key, 'hex'));
    for (const socket of this.#sockets) {
      // Networks come and go.
      socket.join(this.#addresses);
      for (const packet of encodeLanAnnounce({ port, infohashes, cookie: this.#cookie }, socket.family)) {
        socket.send(packet);
      }
    }
  }

  #receive(packet: Uint8Array, source: RemoteInfo): void {
    const nowMs = performance.now();
    if (this.#isClosed || source.address.includes('%') || !this.#budget.take(source.address, nowMs)) return;
    const heard = parseLanAnnounce(packet);
    if (heard === undefined || heard.cookie === this.#cookie) return;
    const peer = { host: source.address, port: heard.port };
    for (const key of new Set(heard.infohashes.map((infohash) => Buffer.from(infohash).toString('hex')))) {
      const members = this.#members.get(key);
      if (members === undefined || !this.#mayTakePeer(nowMs)) continue;
      for (const member of members) member.onPeers([peer]);
    }
  }

  #mayTakePeer(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (this.#peersHeard.second !== second) this.#peersHeard = { second, count: 0 };
    this.#peersHeard.count += 1;
    return this.#peersHeard.count <= LAN_PEERS_PER_SECOND_MAX;
  }
}
