import { BlockList, isIPv6 } from 'node:net';

type Networks = Readonly<Record<'ipv4' | 'ipv6', BlockList>>;

/** Loopback, link-local, private networks and those of carriers (RFC 6890, RFC 4193). */
const LOCAL: Networks = {
  ipv4: blockList('ipv4', [
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.168.0.0/16',
  ]),
  ipv6: blockList('ipv6', ['::1/128', 'fc00::/7']),
};
/** Never a peer's address: this network, multicast, reserved; Teredo, 6to4 and documentation. */
const NOWHERE: Networks = {
  ipv4: blockList('ipv4', ['0.0.0.0/8', '224.0.0.0/3']),
  ipv6: blockList('ipv6', ['2001::/32', '2001:db8::/32', '2002::/16', '3fff::/20']),
};
/** Of IPv6, what is given out at all. Link-local addresses mean nothing without their zone. */
const GLOBAL_IPV6 = blockList('ipv6', ['2000::/3']);

/**
 * Whether a peer that somebody names is worth dialling. Strangers on the internet do not get to send us to machines of our own
 * network.
 *
 * @param host An address of either family, without zone.
 */
export function isReachablePeer(host: string, namedBy: string | undefined): boolean {
  if (isIn(LOCAL, host)) return namedBy === undefined || isIn(LOCAL, namedBy);
  return !isIn(NOWHERE, host) && (!isIPv6(host) || GLOBAL_IPV6.check(host, 'ipv6'));
}

function isIn(networks: Networks, host: string): boolean {
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  return networks[family].check(host, family);
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [prefix = '', bits] = subnet.split('/');
    list.addSubnet(prefix, Number(bits), family);
  }
  return list;
}
