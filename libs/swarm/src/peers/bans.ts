import { addressKey, type PeerAddress } from './peer-address.ts';
import { Host } from './host.ts';

/** Banned ids, banned addresses and hosts with proven liars that are remembered, each; the oldest are forgotten first. */
export const BANS_MAX = 4096;
/** For so long nobody from a proven liar's host may come in: it would come again under another name. */
export const HOST_REFUSED_MS: number = 10 * 60_000;
/** Proven liars of one host after which nobody from there is talked to again. */
export const HOST_LIARS_MAX = 3;

/** Who a peer is, as far as that is known. */
export interface PeerIdentity {
  /** Hex. */
  readonly peerId: string;
  /** Where it can be dialled. */
  readonly address?: PeerAddress | undefined;
  readonly host: string;
}

interface HostRecord {
  liars: number;
  refusedUntilMs: number;
}

/**
 * Who is proven to have sent bad pieces. Ids can be changed at will and addresses nearly so: the host pays, too. A loopback
 * host is never refused as a whole, it is every program of this machine.
 */
export class Bans {
  readonly #ids = new Set<string>();
  readonly #addresses = new Set<string>();
  readonly #hosts = new Map<string, HostRecord>();

  ban({ peerId, address, host }: PeerIdentity, nowMs: number): void {
    remember(this.#ids, peerId);
    if (address) remember(this.#addresses, addressKey(address));
    if (new Host(host).scope === 'loopback') return;
    const liars = (this.#hosts.get(host)?.liars ?? 0) + 1;
    this.#hosts.delete(host);
    this.#hosts.set(host, { liars, refusedUntilMs: liars >= HOST_LIARS_MAX ? Infinity : nowMs + HOST_REFUSED_MS });
    forgetOldest(this.#hosts);
  }

  hasAddress(address: PeerAddress): boolean {
    return this.#addresses.has(addressKey(address)) || this.#isHostBanned(address.host);
  }

  /** Whether a connection is not to be kept. One that was dialled was chosen by its address, whatever its host did. */
  refuses({ peerId, address, host }: PeerIdentity, direction: 'incoming' | 'outgoing', nowMs: number): boolean {
    if (this.#ids.has(peerId) || (address && this.hasAddress(address))) return true;
    return direction === 'incoming'
      ? (this.#hosts.get(host)?.refusedUntilMs ?? -Infinity) > nowMs
      : this.#isHostBanned(host);
  }

  #isHostBanned(host: string): boolean {
    return this.#hosts.get(host)?.refusedUntilMs === Infinity;
  }
}

function remember(known: Set<string>, key: string): void {
  known.delete(key);
  known.add(key);
  forgetOldest(known);
}

function forgetOldest(known: { readonly size: number; keys(): Iterable<string>; delete(key: string): boolean }): void {
  if (known.size <= BANS_MAX) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    break;
  }
}
