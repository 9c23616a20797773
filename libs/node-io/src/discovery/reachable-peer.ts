import { parseIpAddress } from '@swarmpatch/tracker';

interface Network {
  /** 4 or 16 bytes. */
  readonly prefix: Uint8Array;
  readonly bits: number;
}

/** Loopback, link-local, private networks and those of carriers (RFC 6890, RFC 4193). */
const LOCAL = networks([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
]);
/** All of IPv4, and what is given out of IPv6. Link-local IPv6 addresses mean nothing without their zone. */
const GLOBAL = networks(['0.0.0.0/0', '2000::/3']);
/** Never a peer's address: this network, multicast, reserved; Teredo, 6to4 and documentation. */
const NOWHERE = networks(['0.0.0.0/8', '224.0.0.0/3', '2001::/32', '2001:db8::/32', '2002::/16', '3fff::/20']);

/**
 * Whether a peer that somebody names is worth dialling. Strangers on the internet do not get to send us to machines of our own
 * network.
 *
 * @param address 4 or 16 bytes; a mapped one is nobody's.
 */
export function isReachableAddress(address: Uint8Array, namedBy: Uint8Array | undefined): boolean {
  if (isIn(LOCAL, address)) return namedBy === undefined || isIn(LOCAL, namedBy);
  return isIn(GLOBAL, address) && !isIn(NOWHERE, address);
}

/** The same of addresses as text, where a mapped one is IPv4's; nobody reaches a name. */
export function isReachablePeer(host: string, namedBy: string | undefined): boolean {
  const address = parseIpAddress(host);
  return (
    address !== undefined && isReachableAddress(address, namedBy === undefined ? undefined : parseIpAddress(namedBy))
  );
}

function isIn(list: readonly Network[], address: Uint8Array): boolean {
  return list.some(({ prefix, bits }) => prefix.length === address.length && hasPrefix(address, prefix, bits));
}

function hasPrefix(address: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let index = 0; index < whole; index += 1) if (address[index] !== prefix[index]) return false;
  const restMask = 0xff00 >> (bits & 7);
  return (((address[whole] ?? 0) ^ (prefix[whole] ?? 0)) & restMask & 0xff) === 0;
}

function networks(texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    const [prefix = '', bits] = text.split('/');
    return { prefix: parseIpAddress(prefix) ?? new Uint8Array(0), bits: Number(bits) };
  });
}
