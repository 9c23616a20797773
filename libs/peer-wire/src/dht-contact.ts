import { Buffer } from 'node:buffer';

const ID_BYTES = 20;

/** There are two DHTs, one by IPv4 and one by IPv6 (BEP 32). */
export type DhtFamily = 'ipv4' | 'ipv6';
export const DHT_FAMILIES: readonly DhtFamily[] = ['ipv4', 'ipv6'];

/** Address and port. */
export const DHT_PEER_BYTES: Readonly<Record<DhtFamily, number>> = { ipv4: 6, ipv6: 18 };

/** A node of the DHT, and where it is. */
export interface DhtContact {
  /** 20 bytes. */
  readonly id: Uint8Array;
  /** A compact peer: address and port, 6 bytes, or 18 for IPv6. */
  readonly place: Uint8Array;
}

/**
 * Reads compact nodes (BEP 5, `nodes`; BEP 32, `nodes6`): those with port 0 are left out, and so is an incomplete last one.
 */
export function readDhtContacts(bytes: Uint8Array, family: DhtFamily): DhtContact[] {
  const nodeBytes = ID_BYTES + DHT_PEER_BYTES[family];
  return Array.from({ length: Math.floor(bytes.length / nodeBytes) }, (_, index) => ({
    id: bytes.subarray(index * nodeBytes, index * nodeBytes + ID_BYTES),
    place: bytes.subarray(index * nodeBytes + ID_BYTES, (index + 1) * nodeBytes),
  })).filter(({ place }) => place.at(-1) !== 0 || place.at(-2) !== 0);
}

/** @returns Compact nodes. */
export function packDhtContacts(contacts: readonly DhtContact[]): Uint8Array {
  return Buffer.concat(contacts.flatMap(({ id, place }) => [id, place]));
}
