/** 4 bytes for IPv4, 16 for IPv6, in network order. */
export type IpAddress = Uint8Array;

export const IPV4_BYTES = 4;
export const IPV6_BYTES = 16;

/**
 * Reads an address as a socket names it. A mapped address (`::ffff:10.0.0.1`) is the IPv4 address; a zone is dropped.
 *
 * @returns `undefined` for anything that is not an IPv4 or IPv6 address.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const zone = text.indexOf('%');
  const address = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  return address !== undefined && isMappedIpv4(address) ? address.subarray(12) : address;
}

export function formatIpAddress(address: IpAddress): string {
  if (address.length === IPV4_BYTES) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => wordAt(address, index * 2));
  const zeros = longestZeroRun(groups);
  const hex = (words: number[]): string => words.map((word) => word.toString(16)).join(':');
  if (zeros.count < 2) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.count))}`;
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function longestZeroRun(groups: number[]): { start: number; count: number } {
  let best = { start: 0, count: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let count = 0;
    while (groups[start + count] === 0) count += 1;
    if (count > best.count) best = { start, count };
  }
  return best;
}

function isMappedIpv4(address: Uint8Array): boolean {
  return address[10] === 0xff && address[11] === 0xff && address.subarray(0, 10).every((byte) => byte === 0);
}

function parseIpv4(text: string): IpAddress | undefined {
  const address = new Uint8Array(IPV4_BYTES);
  const parts = text.split('.');
  if (parts.length !== IPV4_BYTES) return undefined;
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address[index] = Number(part);
  }
  return address;
}

function parseIpv6(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  const [headText, tailText] = halves;
  if (halves.length > 2 || headText === undefined) return undefined;
  const head = parseGroups(headText, tailText === undefined ? 'last' : 'inner');
  if (head === undefined) return undefined;
  if (tailText === undefined) return head.length === IPV6_BYTES ? Uint8Array.from(head) : undefined;
  const tail = parseGroups(tailText, 'last');
  if (tail === undefined || head.length + tail.length > IPV6_BYTES - 2) return undefined;
  const address = new Uint8Array(IPV6_BYTES);
  address.set(head, 0);
  address.set(tail, IPV6_BYTES - tail.length);
  return address;
}

/** Only the last group of an address may be written as IPv4. */
function parseGroups(text: string, place: 'inner' | 'last'): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const word = Number.parseInt(group, 16);
      bytes.push(word >> 8, word & 0xff);
    } else {
      const embedded = place === 'last' && index === groups.length - 1 ? parseIpv4(group) : undefined;
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    }
  }
  return bytes.length <= IPV6_BYTES ? bytes : undefined;
}
