import { parseIpAddress } from '@swarmpatch/tracker';

/** How far a host is: `nowhere` is no peer's address (unspecified, multicast, reserved). */
export type HostScope = 'loopback' | 'local' | 'public' | 'nowhere';

/** How many leading bits of two addresses of one family are the same: /24, /16, and /64, /48 for IPv6. */
export type Nearness = 'same_host' | 'same_subnet' | 'same_network' | 'far';

const RANKS: Readonly<Record<Nearness, number>> = { far: 0, same_network: 1, same_subnet: 2, same_host: 3 };

/** What an address says of where a peer is. A name that is no address is public and alone in its subnet. */
export class Host {
  readonly text: string;
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array | undefined;
  readonly scope: HostScope;
  /** One for all hosts of an IPv4 /24 or an IPv6 /64. */
  readonly subnet: string;

  constructor(text: string) {
    this.text = text;
    this.bytes = parseIpAddress(text);
    this.scope = this.bytes ? scopeOf(this.bytes) : 'public';
    this.subnet = this.bytes ? this.bytes.subarray(0, subnetBytes(this.bytes)).join('.') : text;
  }

  /** Whether it is of this machine or of a network that needs no router of a provider. */
  get isNear(): boolean {
    return this.scope === 'loopback' || this.scope === 'local';
  }

  nearnessTo(other: Host): Nearness {
    const { bytes } = this;
    if (!bytes || bytes.length !== other.bytes?.length) return this.text === other.text ? 'same_host' : 'far';
    const same = sharedBytes(bytes, other.bytes);
    if (same === bytes.length) return 'same_host';
    if (same >= subnetBytes(bytes)) return 'same_subnet';
    return same >= (bytes.length === 4 ? 2 : 6) ? 'same_network' : 'far';
  }
}

/** Grows with nearness. */
export function nearnessRank(nearness: Nearness): number {
  return RANKS[nearness];
}

/**
 * Whether an address that somebody else named may be dialled. Strangers do not get to send us to machines of our own
 * network, nor to our own.
 */
export function mayBeDialled(named: Host, by: Host): boolean {
  if (named.bytes === undefined || named.scope === 'nowhere') return false;
  if (named.scope === 'loopback') return by.scope === 'loopback';
  return named.scope === 'public' || by.isNear;
}

function subnetBytes(bytes: Uint8Array): number {
  return bytes.length === 4 ? 3 : 8;
}

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  while (count < a.length && a[count] === b[count]) count += 1;
  return count;
}

/** RFC 6890, and its IPv6 counterparts RFC 4193 and 4291. */
function scopeOf(bytes: Uint8Array): HostScope {
  const [a = 0, b = 0] = bytes;
  if (bytes.length === 4) {
    if (a === 0 || a >= 224) return 'nowhere';
    if (a === 127) return 'loopback';
    const isLocal =
      a === 10 ||
      (a === 192 && b === 168) ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b < 128);
    return isLocal ? 'local' : 'public';
  }
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) {
    if (bytes[15] === 1) return 'loopback';
    if (bytes[15] === 0) return 'nowhere';
  }
  if (a === 0xff) return 'nowhere';
  return (a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80) ? 'local' : 'public';
}
