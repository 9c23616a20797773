import type { DhtFamily } from '@swarmpatch/peer-wire';
import { formatIpAddress, parseIpAddress } from '@swarmpatch/tracker';

/** An address in its shortest form, and whose DHT it is of. */
export interface DhtAddress {
  readonly family: DhtFamily;
  readonly host: string;
  /** 4 or 16. */
  readonly bytes: Uint8Array;
}

/**
 * Reads an address as a socket or a peer names it; a mapped one is IPv4's.
 *
 * @returns undefined for a name, and for an address with a zone, which is this machine's alone.
 */
export function readDhtAddress(text: string): DhtAddress | undefined {
  const bytes = text.includes('%') ? undefined : parseIpAddress(text);
  return bytes && { family: bytes.length === 4 ? 'ipv4' : 'ipv6', host: formatIpAddress(bytes), bytes };
}
