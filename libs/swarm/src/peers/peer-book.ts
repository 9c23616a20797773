import { addressKey, type PeerAddress } from './peer-address.ts';

export const KNOWN_PEERS_MAX = 2000;
export const CONNECTIONS_MAX = 80;
export const DIALS_MAX = 12;
/** Back-off of peers that the user named: they are expected to come up. */
const NAMED_RETRY_MS = { first: 500, max: 10_000 };
const FOUND_RETRY_MS = { first: 5_000, max: 10 * 60_000 };

/** A seed that met a seed: one of the two may have changed by then. */
const USELESS_RETRY_MS = 10 * 60_000;

/** `named` by the user, or `found` through trackers and other peers. */
export type PeerOrigin = 'named' | 'found';

interface Entry {
  readonly address: PeerAddress;
  readonly origin: PeerOrigin;
  status: 'free' | 'dialling' | 'connected' | 'banned';
  failures: number;
  dialAtMs: number;
}

/** Who could be dialled, when. */
export class PeerBook {
  readonly #entries = new Map<string, Entry>();
  readonly #bannedIds = new Set<string>();
  #dialling = 0;

  add(address: PeerAddress, origin: PeerOrigin, nowMs: number): void {
    const key = addressKey(address);
    if (address.port < 1 || address.port > 0xffff || this.#entries.has(key)) return;
    if (origin === 'found' && this.#entries.size >= KNOWN_PEERS_MAX) return;
    this.#entries.set(key, { address, origin, status: 'free', failures: 0, dialAtMs: nowMs });
  }

  /** Peers to dial now; they count as being dialled. */
  take(connections: number, nowMs: number): PeerAddress[] {
    const taken: PeerAddress[] = [];
    if (this.#dialling >= DIALS_MAX || connections + this.#dialling >= CONNECTIONS_MAX) return taken;
    for (const entry of this.#entries.values()) {
      if (entry.status !== 'free' || entry.dialAtMs > nowMs) continue;
      entry.status = 'dialling';
      this.#dialling += 1;
      taken.push(entry.address);
      if (this.#dialling >= DIALS_MAX || connections + this.#dialling >= CONNECTIONS_MAX) break;
    }
    return taken;
  }

  /** A connection to or from this address stands. */
  connected(address: PeerAddress): void {
    this.#setStatus(address, 'connected');
  }

  /** The peer left, or could not be reached; it is tried again later and later. */
  lost(address: PeerAddress, cause: 'unreachable' | 'closed' | 'useless', nowMs: number): void {
    const entry = this.#setStatus(address, 'free');
    if (!entry || entry.status === 'banned') return;
    const { first, max } = entry.origin === 'named' ? NAMED_RETRY_MS : FOUND_RETRY_MS;
    entry.failures = cause === 'closed' ? Math.min(entry.failures + 1, 2) : entry.failures + 1;
    entry.dialAtMs =
      cause === 'useless' ? nowMs + USELESS_RETRY_MS : nowMs + Math.min(max, first * 2 ** (entry.failures - 1));
  }

  ban(address: PeerAddress | undefined, peerId: string): void {
    this.#bannedIds.add(peerId);
    if (address) this.exclude(address);
  }

  /** Never to be dialled again: banned, or this client itself. */
  exclude(address: PeerAddress): void {
    this.#setStatus(address, 'banned');
  }

  isBanned(peerId: string, address: PeerAddress | undefined): boolean {
    return (
      this.#bannedIds.has(peerId) ||
      (address !== undefined && this.#entries.get(addressKey(address))?.status === 'banned')
    );
  }

  /** Whether anyone is left who may be tried. */
  get hasCandidates(): boolean {
    for (const entry of this.#entries.values()) if (entry.status !== 'banned') return true;
    return false;
  }

  #setStatus(address: PeerAddress, status: Entry['status']): Entry | undefined {
    const entry = this.#entries.get(addressKey(address));
    if (!entry) return undefined;
    if (entry.status === 'dialling') this.#dialling -= 1;
    if (entry.status !== 'banned') entry.status = status;
    return entry;
  }
}
