import { formatIpAddress } from '@swarmpatch/tracker';

/** IPv6 addresses that have a stand-in; as many again are about to be forgotten. */
export const STAND_INS_MAX = 16_384;

/** Of 240.0.0.0/4, which is nobody's (RFC 1112, section 4). */
const FIRST_STAND_IN = 0xf000_0001;
const LAST_STAND_IN = 0xffff_fffe;

/** By what name the DHT library knows a host: it has room for IPv4 addresses alone. */
export interface HostNames {
  /** @param address Of the network, in its shortest form. */
  nameOf(address: string): string;
  /** Undefined for a name that was forgotten: whatever is for that host is as good as lost. */
  addressOf(name: string): string | undefined;
}

/** IPv4 addresses are their own names. */
export const PLAIN_NAMES: HostNames = {
  nameOf: (address) => address,
  addressOf: (name) => name,
};

/**
 * Stand-ins for IPv6 addresses: IPv4 addresses that are never sent to. Those that were not used for long are forgotten, those
 * that are kept never; 2^28 others have been given out before one names another host.
 */
export class StandIns implements HostNames {
  readonly #kept: () => Iterable<string>;
  /** Stand-ins by address: those used since the last turn, and those used before it. */
  #fresh: Map<string, string> = new Map();
  #stale: Map<string, string> = new Map();
  /** Of both. */
  readonly #addresses: Map<string, string> = new Map();
  #last = LAST_STAND_IN;

  /** @param kept The stand-ins that are remembered whether they are used or not: of the routing table. */
  constructor(kept: () => Iterable<string>) {
    this.#kept = kept;
  }

  get size(): number {
    return this.#addresses.size;
  }

  nameOf(address: string): string {
    const standIn = this.#fresh.get(address) ?? this.#stale.get(address) ?? this.#next();
    this.#use(address, standIn);
    return standIn;
  }

  addressOf(standIn: string): string | undefined {
    const address = this.#addresses.get(standIn);
    if (address !== undefined) this.#use(address, standIn);
    return address;
  }

  #use(address: string, standIn: string): void {
    if (this.#fresh.has(address)) return;
    if (this.#fresh.size >= STAND_INS_MAX) this.#turn();
    this.#fresh.set(address, standIn);
    this.#addresses.set(standIn, address);
  }

  #turn(): void {
    const unused = this.#stale;
    this.#stale = this.#fresh;
    this.#fresh = new Map();
    for (const standIn of this.#kept()) {
      const address = this.#addresses.get(standIn);
      if (address !== undefined && this.#fresh.size < STAND_INS_MAX / 2) this.#fresh.set(address, standIn);
    }
    for (const [address, standIn] of unused) {
      if (!this.#fresh.has(address) && !this.#stale.has(address)) this.#addresses.delete(standIn);
    }
  }

  #next(): string {
    for (;;) {
      this.#last = this.#last === LAST_STAND_IN ? FIRST_STAND_IN : this.#last + 1;
      const standIn = formatIpAddress(Uint8Array.of(...[24, 16, 8, 0].map((bits) => this.#last >>> bits)));
      if (!this.#addresses.has(standIn)) return standIn;
    }
  }
}
