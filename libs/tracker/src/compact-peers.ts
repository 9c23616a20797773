import type { PeerEndpoint } from './announce.ts';
import { formatIpAddress, type IpAddress, IPV4_BYTES, IPV6_BYTES, parseIpAddress } from './ip-address.ts';

/** Length of one compact peer: address and port (BEP 23 and BEP 7). */
export const COMPACT_PEER_BYTES: number = IPV4_BYTES + 2;
export const COMPACT_PEER6_BYTES: number = IPV6_BYTES + 2;

/** Writes address and port at `offset`; `target` has the room. */
export function writeCompactPeer(target: Uint8Array, offset: number, address: IpAddress, port: number): void {
  target.set(address, offset);
  target[offset + address.length] = port >> 8;
  target[offset + address.length + 1] = port & 0xff;
}

/** Reads compact peers of one family. Peers with port 0 are left out, and so is an incomplete last one. */
export function readCompactPeers(bytes: Uint8Array, family: 'ipv4' | 'ipv6'): PeerEndpoint[] {
  const peerBytes = family === 'ipv4' ? COMPACT_PEER_BYTES : COMPACT_PEER6_BYTES;
  const peers: PeerEndpoint[] = [];
  for (let offset = 0; offset + peerBytes <= bytes.length; offset += peerBytes) {
    const port = ((bytes[offset + peerBytes - 2] ?? 0) << 8) | (bytes[offset + peerBytes - 1] ?? 0);
    if (port !== 0) peers.push({ host: formatIpAddress(bytes.subarray(offset, offset + peerBytes - 2)), port });
  }
  return peers;
}

/** Both families of a reply as endpoints. */
export function peersOf(reply: { peers: Uint8Array; peers6: Uint8Array }): PeerEndpoint[] {
  return [...readCompactPeers(reply.peers, 'ipv4'), ...readCompactPeers(reply.peers6, 'ipv6')];
}

/** Packs endpoints by family; those whose host is not an address, or whose port cannot be, are left out. */
export function packPeers(endpoints: readonly PeerEndpoint[]): { peers: Uint8Array; peers6: Uint8Array } {
  const packed: Record<number, number[]> = { [IPV4_BYTES]: [], [IPV6_BYTES]: [] };
  for (const { host, port } of endpoints) {
    const address = parseIpAddress(host);
    if (address === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) continue;
    packed[address.length]?.push(...address, port >> 8, port & 0xff);
  }
  return { peers: Uint8Array.from(packed[IPV4_BYTES] ?? []), peers6: Uint8Array.from(packed[IPV6_BYTES] ?? []) };
}
