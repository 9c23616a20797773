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
  return splitBytes(bytes, ID_BYTES + DHT_PEER_BYTES[family])
    .map((node) => ({ id: node.subarray(0, ID_BYTES), place: node.subarray(ID_BYTES) }))
    .filter(({ place }) => place.at(-1) !== 0 || place.at(-2) !== 0);
}

/** @returns Compact nodes. */
export function packDhtContacts(contacts: readonly DhtContact[]): Uint8Array {
  return joinBytes(contacts.flatMap(({ id, place }) => [id, place]));
}

/** Parts of equal length; an incomplete last one is left out. */
export function splitBytes(bytes: Uint8Array, partBytes: number): Uint8Array[] {
  const count = Math.floor(bytes.length / partBytes);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * partBytes, (index + 1) * partBytes));
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
