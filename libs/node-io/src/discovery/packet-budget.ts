import { parseIpAddress } from '@swarmpatch/tracker';

/** Packets that are looked at, from everyone and from one address: beyond, they are as good as lost. */
export const DISCOVERY_PACKETS_PER_SECOND_MAX = 2000;
export const DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX = 250;

/** Of an IPv6 address, those that name its network: what is in it is one machine's, if that machine likes. */
const IPV6_NETWORK_BYTES = 8;
const SECOND_MS = 1000;

/** Counts packets by the second, so that a flood costs little more than receiving it. */
export class PacketBudget {
  #secondMs = 0;
  #packets = 0;
  readonly #byAddress: Map<string, number> = new Map();

  /** Whether one more packet from there may be looked at now. */
  take(address: string, nowMs: number): boolean {
    if (Math.abs(nowMs - this.#secondMs) >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#packets = 0;
      this.#byAddress.clear();
    }
    const packets = this.#byAddress.get(address) ?? 0;
    if (this.#packets >= DISCOVERY_PACKETS_PER_SECOND_MAX || packets >= DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX) {
      return false;
    }
    this.#packets += 1;
    this.#byAddress.set(address, packets + 1);
    return true;
  }
}

/** What a budget is of that nobody is to have many of: an IPv4 address, an IPv6 network. */
export function networkOf(address: string): string {
  const bytes = address.includes(':') ? parseIpAddress(address) : undefined;
  return bytes ? bytes.subarray(0, IPV6_NETWORK_BYTES).join('.') : address;
}
