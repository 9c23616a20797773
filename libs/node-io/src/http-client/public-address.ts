import { type LookupAddress, lookup as lookUp, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { HttpError } from './http-error.ts';

/** Networks that are not of the Internet at large (RFC 6890 and the IANA registries of special-purpose addresses). */
const SPECIAL_NETWORKS = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/3',
  ],
  // Of these, 2001::/32 and 2002::/16 carry IPv4 addresses in tunnels that nobody needs any more.
  ipv6: [
    '::/96',
    '100::/64',
    '2001::/32',
    '2002::/16',
    '64:ff9b:1::/48',
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
} as const;

const special = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const) {
  for (const network of SPECIAL_NETWORKS[family]) {
    const [prefix = '', length = ''] = network.split('/');
    special.addSubnet(prefix, Number(length), family);
  }
}

/** IPv4 addresses as translators write them (RFC 6052). */
const TRANSLATED = /^64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/;

/** Whether an IP address is of the Internet, and neither this machine, nor its network, nor anything special. */
export function isPublicAddress(address: string): boolean {
  const [plain = ''] = address.split('%');
  if (isIP(plain) === 4) return !special.check(plain, 'ipv4');
  if (isIP(plain) !== 6) return false;
  const canonical = new URL(`http://[${plain}]/`).hostname.slice(1, -1);
  const [translated, high = '0', low = '0'] = TRANSLATED.exec(canonical) ?? [];
  if (translated === undefined) return !special.check(canonical, 'ipv6');
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return isPublicAddress(`${a >>> 8}.${a & 255}.${b >>> 8}.${b & 255}`);
}

/** Whether a URL names an address inside, or this machine, without asking any resolver. */
export function namesInside({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(host) === 0 ? host === 'localhost' || host.endsWith('.localhost') : !isPublicAddress(host);
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A resolver for sockets that gives public addresses alone: a name that leads inside is refused, whoever owns it. */
export function publicLookup(resolve: Resolve = lookUp): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, []);
        return;
      }
      const open = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = open;
      if (!first) {
        const found = addresses.map(({ address }) => address).join(', ');
        callback(refusedInside(`http://${hostname}/`, found), []);
      } else if (options.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

/** @param address Where the URL leads. */
export function refusedInside(url: string, address: string): HttpError {
  return new HttpError(
    'http_address_refused',
    url,
    `ask ${url}: it leads to ${address}, inside this machine or its network, where this server has no business`,
  );
}
