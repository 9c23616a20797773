import { canonicalPriority, type Endpoint } from './canonical-priority.ts';
import { Host, mayBeDialled, nearnessRank } from './host.ts';
import { HostQuota } from './host-quota.ts';
import { addressKey, type PeerAddress } from './peer-address.ts';

export const KNOWN_PEERS_MAX = 2000;
/** Of these, peers that only other peers, or strangers of the DHT, have named: they may be lies. */
export const HEARSAY_PEERS_MAX: number = KNOWN_PEERS_MAX / 2;
/** Peers of one teller that nobody has met yet: a liar fills no more of the book than this. */
export const HEARSAY_PER_SOURCE_MAX = 100;
export const KNOWN_PER_HOST_MAX = 32;
/** In an IPv4 /24 or an IPv6 /64. */
export const KNOWN_PER_SUBNET_MAX = 128;
export const CONNECTIONS_MAX = 80;
/** Several players behind one address are served; a fleet of fakes is not. */
export const CONNECTIONS_PER_HOST_MAX = 16;
export const CONNECTIONS_PER_SUBNET_MAX = 32;
export const DIALS_MAX = 12;
/** Back-off of peers that the user named: they are expected to come up. */
const NAMED_RETRY_MS = { first: 500, max: 10_000 };
const FOUND_RETRY_MS = { first: 5_000, max: 10 * 60_000 };
/** Back-off of peers that broke the protocol, whoever named them. It grows with each time and for good. */
const BROKEN_RETRY_MS = { first: 10_000, max: 10 * 60_000 };
/** One dial of so many goes to whoever is best wherever he is: near ones alone would make islands. */
const FAR_DIAL_EVERY = 4;

/** A seed that met a seed: one of the two may have changed by then. */
const USELESS_RETRY_MS = 10 * 60_000;

/** Who told of a peer: the user, a tracker (`found`), LAN discovery, the peer itself, the DHT, or another peer (BEP 11). */
export type PeerOrigin = 'named' | 'found' | 'lan' | 'incoming' | 'dht' | 'pex';

/**
 * Why a peer is not connected: nobody answered, the connection ended (`fruitless` when nothing had moved on it), the peer broke
 * the protocol, or has nothing to exchange for now.
 */
export type LossCause = 'unreachable' | 'closed' | 'fruitless' | 'broken' | 'useless';

/** A peer, and who told of it; the user, unless said otherwise. */
export interface FoundPeer extends PeerAddress {
  readonly origin?: PeerOrigin | undefined;
}

const HEARSAY: ReadonlySet<PeerOrigin> = new Set(['dht', 'pex']);

interface Entry {
  readonly address: PeerAddress;
  readonly host: Host;
  readonly origin: PeerOrigin;
  /** Who told, of hearsay. */
  readonly source: string | undefined;
  nearness: number;
  priority: number;
  status: 'free' | 'dialling' | 'connected' | 'excluded';
  isMet: boolean;
  /** Since it was of use last. */
  failures: number;
  /** Times that it broke the protocol. */
  breaches: number;
  dialAtMs: number;
  /** What it gave when it was here. */
  bytesPerSecond: number;
}

/** Who could be dialled, when, and who first: the local network, whom the user named, the nearest, who gave most before. */
export class PeerBook {
  readonly #entries = new Map<string, Entry>();
  readonly #known = new HostQuota({ perHostMax: KNOWN_PER_HOST_MAX, perSubnetMax: KNOWN_PER_SUBNET_MAX });
  readonly #bySource = new Map<string, number>();
  readonly #inUse: HostQuota;
  #own: Endpoint | undefined;
  #ownHosts: readonly Host[] = [];
  #hearsayCount = 0;
  #dialling = 0;
  #dialCount = 0;
  #nextDueMs = -Infinity;

  /** @param inUse Hosts of connections; those that are being dialled are counted here. */
  constructor(inUse: HostQuota) {
    this.#inUse = inUse;
  }

  /** Where others see this client, for BEP 40, and all its addresses, for nearness. */
  weAre(own: Endpoint | undefined, hosts: readonly Host[]): void {
    this.#own = own;
    this.#ownHosts = hosts;
    for (const entry of this.#entries.values()) {
      entry.nearness = this.#nearnessOf(entry.host);
      entry.priority = this.#priorityOf(entry.host, entry.address.port);
    }
  }

  /**
   * Takes an address in, unless it is known, is nobody's, or would be one too many of its host, subnet or teller.
   *
   * @param source Who told, for `dht` and `pex`: all that cannot be told apart from it goes by the same name.
   */
  add(address: PeerAddress, origin: PeerOrigin, nowMs: number, source?: { name: string; host: Host }): void {
    const key = addressKey(address);
    if (address.port < 1 || address.port > 0xffff || this.#entries.has(key)) return;
    const host = new Host(address.host);
    if (host.scope === 'nowhere') return;
    if (origin !== 'named') {
      if (!this.#known.hasRoomFor(host)) return;
      if (HEARSAY.has(origin) && !this.#mayBelieve(host, source)) return;
      if (this.#entries.size >= KNOWN_PEERS_MAX && !this.#makeRoom()) return;
    }
    this.#known.add(host);
    this.#countHearsay(origin, source?.name, 1);
    this.#entries.set(key, {
      address,
      host,
      origin,
      source: source?.name,
      nearness: this.#nearnessOf(host),
      priority: this.#priorityOf(host, address.port),
      status: 'free',
      isMet: false,
      failures: 0,
      breaches: 0,
      dialAtMs: nowMs,
      bytesPerSecond: 0,
    });
    this.#nextDueMs = -Infinity;
  }

  /** Peers to dial now; they count as being dialled. */
  take(connections: number, nowMs: number): PeerAddress[] {
    const taken: PeerAddress[] = [];
    if (!this.#hasRoomToDial(connections) || nowMs < this.#nextDueMs) return taken;
    const due = this.#due(nowMs);
    const near = due.toSorted((a, b) => this.#compareNear(a, b));
    const far = due.toSorted((a, b) => this.#compareFar(a, b));
    while (this.#hasRoomToDial(connections)) {
      const order = (this.#dialCount + 1) % FAR_DIAL_EVERY === 0 ? far : near;
      const entry = order.find(({ status, host }) => status === 'free' && this.#inUse.hasRoomFor(host));
      if (!entry) break;
      entry.status = 'dialling';
      this.#inUse.add(entry.host);
      this.#dialling += 1;
      this.#dialCount += 1;
      taken.push(entry.address);
    }
    return taken;
  }

  /** A connection to or from this address stands. */
  connected(address: PeerAddress): void {
    const entry = this.#setStatus(address, 'connected');
    if (!entry || entry.isMet) return;
    entry.isMet = true;
    this.#countHearsay(entry.origin, entry.source, -1);
  }

  /** The peer is not connected any more, or could not be; it is tried again, later and later unless it was of use. */
  lost(address: PeerAddress, cause: LossCause, nowMs: number): void {
    const entry = this.#setStatus(address, 'free');
    if (!entry || entry.status === 'excluded') return;
    if (cause === 'broken') entry.breaches += 1;
    else entry.failures = cause === 'closed' ? 1 : entry.failures + 1;
    entry.dialAtMs = nowMs + retryMs(entry, cause);
    this.#nextDueMs = Math.min(this.#nextDueMs, entry.dialAtMs);
  }

  /** What the peer at this address gave while it was here. */
  gave(address: PeerAddress, bytesPerSecond: number): void {
    const entry = this.#entries.get(addressKey(address));
    if (entry) entry.bytesPerSecond = bytesPerSecond;
  }

  /** Its teller says that it left: an address that nobody here has met, and that did not answer, is forgotten. */
  dropped(address: PeerAddress, sourceName: string): void {
    const entry = this.#entries.get(addressKey(address));
    if (entry?.source === sourceName && entry.status === 'free' && !entry.isMet && entry.failures > 0)
      this.#forget(entry);
  }

  /** Never to be dialled again: banned, or this client itself. */
  exclude(address: PeerAddress): void {
    this.#setStatus(address, 'excluded');
  }

  /** Whether anyone is left who may be tried. */
  get hasCandidates(): boolean {
    for (const entry of this.#entries.values()) if (entry.status !== 'excluded') return true;
    return false;
  }

  /** Whether somebody waits to be dialled. */
  hasDue(nowMs: number): boolean {
    for (const { status, dialAtMs } of this.#entries.values()) if (status === 'free' && dialAtMs <= nowMs) return true;
    return false;
  }

  /** Everyone who may be dialled, those that were met first. @param origins All, unless given. */
  found(origins?: readonly PeerOrigin[]): FoundPeer[] {
    const entries = [...this.#entries.values()].filter(
      ({ status, origin }) => status !== 'excluded' && origins?.includes(origin) !== false,
    );
    return entries
      .toSorted((a, b) => Number(b.isMet) - Number(a.isMet))
      .map(({ address, origin }) => ({ ...address, origin }));
  }

  #due(nowMs: number): Entry[] {
    const due: Entry[] = [];
    let nextDueMs = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry.status !== 'free') continue;
      if (entry.dialAtMs <= nowMs) due.push(entry);
      nextDueMs = Math.min(nextDueMs, entry.dialAtMs);
    }
    this.#nextDueMs = nextDueMs;
    return due;
  }

  #hasRoomToDial(connections: number): boolean {
    return this.#dialling < DIALS_MAX && connections + this.#dialling < CONNECTIONS_MAX;
  }

  #compareNear(a: Entry, b: Entry): number {
    return (
      Number(b.origin === 'lan') - Number(a.origin === 'lan') ||
      Number(b.origin === 'named') - Number(a.origin === 'named') ||
      b.nearness - a.nearness ||
      b.bytesPerSecond - a.bytesPerSecond ||
      this.#compareFar(a, b)
    );
  }

  #compareFar(a: Entry, b: Entry): number {
    return a.failures + a.breaches - b.failures - b.breaches || b.priority - a.priority;
  }

  #nearnessOf(host: Host): number {
    let best = 0;
    for (const own of this.#ownHosts) best = Math.max(best, nearnessRank(host.nearnessTo(own)));
    return best;
  }

  #priorityOf(host: Host, port: number): number {
    return this.#own ? canonicalPriority(this.#own, { host, port }) : 0;
  }

  #mayBelieve(host: Host, source: { name: string; host: Host } | undefined): boolean {
    if (this.#hearsayCount >= HEARSAY_PEERS_MAX) return false;
    if (!source) return host.bytes !== undefined;
    return mayBeDialled(host, source.host) && (this.#bySource.get(source.name) ?? 0) < HEARSAY_PER_SOURCE_MAX;
  }

  /** Hearsay that nobody has met makes room, and so does who never answered. */
  #makeRoom(): boolean {
    let worst: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.status !== 'free' || entry.isMet || entry.origin === 'named') continue;
      if (!HEARSAY.has(entry.origin) && entry.failures === 0) continue;
      if (!worst || entry.failures > worst.failures) worst = entry;
    }
    if (worst) this.#forget(worst);
    return worst !== undefined;
  }

  #forget(entry: Entry): void {
    this.#entries.delete(addressKey(entry.address));
    this.#known.remove(entry.host);
    this.#countHearsay(entry.origin, entry.source, -1);
  }

  #countHearsay(origin: PeerOrigin, source: string | undefined, change: number): void {
    if (!HEARSAY.has(origin)) return;
    this.#hearsayCount += change;
    if (source === undefined) return;
    const left = (this.#bySource.get(source) ?? 0) + change;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }

  #setStatus(address: PeerAddress, status: Entry['status']): Entry | undefined {
    const entry = this.#entries.get(addressKey(address));
    if (!entry) return undefined;
    if (entry.status === 'dialling') {
      this.#dialling -= 1;
      this.#inUse.remove(entry.host);
    }
    if (entry.status !== 'excluded') entry.status = status;
    return entry;
  }
}

function retryMs({ origin, failures, breaches }: Entry, cause: LossCause): number {
  if (cause === 'useless') return USELESS_RETRY_MS;
  const { first, max } = origin === 'named' ? NAMED_RETRY_MS : FOUND_RETRY_MS;
  const failedMs = Math.min(max, first * 2 ** (failures - 1));
  if (breaches === 0) return failedMs;
  return Math.max(failedMs, Math.min(BROKEN_RETRY_MS.max, BROKEN_RETRY_MS.first * 2 ** (breaches - 1)));
}
