import { BlockList } from 'node:net';

/** Never a peer's address: this network, multicast, reserved. */
const NOWHERE = blockList([
  ['0.0.0.0', 8],
  ['224.0.0.0', 3],
]);
/** Loopback, link-local, private networks and those of carriers (RFC 6890). */
const LOCAL = blockList([
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
]);

/**
 * Whether an IPv4 peer that somebody names is worth dialling. Strangers on the internet do not get to send us to
 * machines of our own network.
 */
export function isReachablePeer(host: string, namedBy: string | undefined): boolean {
  if (NOWHERE.check(host)) return false;
  return !LOCAL.check(host) || namedBy === undefined || LOCAL.check(namedBy);
}

function blockList(subnets: readonly (readonly [address: string, prefixBits: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefixBits] of subnets) list.addSubnet(address, prefixBits);
  return list;
}
