import { Buffer } from 'node:buffer';

/** The multicast groups of local service discovery, by family (BEP 14). */
export const LAN_GROUPS = {
  ipv4: { host: '239.192.152.143', port: 6771 },
  ipv6: { host: 'ff15::efc0:988f', port: 6771 },
} as const;

/** Longest announcement that is sent or read: what passes every network in one packet (BEP 14). */
export const LAN_PACKET_BYTES_MAX = 1400;
/** Infohashes of one packet: so many fit beside the longest cookie. */
export const LAN_INFOHASHES_MAX = 24;
export const LAN_COOKIE_CHARACTERS_MAX = 64;

const REQUEST_LINE = 'BT-SEARCH * HTTP/1.1';
const INFOHASH_PATTERN = /^[0-9a-f]{40}$/i;

/** What a client tells its local network: which torrents it shares, and where it listens. */
export interface LanAnnounce {
  /** The sender listens here, at the address that the packet came from. */
  readonly port: number;
  /** 20 bytes each. */
  readonly infohashes: readonly Uint8Array[];
  /** By which a sender knows its own announcements; ASCII without line breaks. */
  readonly cookie?: string | undefined;
}

/** As many packets as the infohashes need. */
export function encodeLanAnnounce(
  { port, infohashes, cookie }: LanAnnounce,
  family: keyof typeof LAN_GROUPS,
): Uint8Array[] {
  const { host, port: groupPort } = LAN_GROUPS[family];
  const packets: Uint8Array[] = [];
  for (let at = 0; at < infohashes.length; at += LAN_INFOHASHES_MAX) {
    const lines = [
      REQUEST_LINE,
      `Host: ${family === 'ipv6' ? `[${host}]` : host}:${groupPort}`,
      `Port: ${port}`,
      ...infohashes.slice(at, at + LAN_INFOHASHES_MAX).map(toInfohashLine),
      ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
    ];
    packets.push(Buffer.from(`${lines.join('\r\n')}\r\n\r\n\r\n`, 'latin1'));
  }
  return packets;
}

/**
 * @returns undefined for whatever is no announcement: anybody may send to a group, and nobody is told. Headers that are
 *   not known are skipped, and so are infohashes that are none.
 */
export function parseLanAnnounce(packet: Uint8Array): LanAnnounce | undefined {
  if (packet.length > LAN_PACKET_BYTES_MAX) return undefined;
  const [requestLine, ...lines] = Buffer.from(packet).toString('latin1').split('\r\n');
  if (requestLine !== REQUEST_LINE) return undefined;
  let port = 0;
  let cookie: string | undefined;
  const infohashes: Uint8Array[] = [];
  for (const line of lines) {
    if (line === '') break;
    const colonAt = line.indexOf(':');
    const value = line.slice(colonAt + 1).trim();
    switch (line.slice(0, Math.max(0, colonAt)).trim().toLowerCase()) {
      case 'port':
        port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
        break;
      case 'infohash':
        if (INFOHASH_PATTERN.test(value)) infohashes.push(Buffer.from(value, 'hex'));
        break;
      case 'cookie':
        cookie = value.slice(0, LAN_COOKIE_CHARACTERS_MAX);
        break;
    }
  }
  return port > 0 && port <= 0xffff && infohashes.length > 0 ? { port, infohashes, cookie } : undefined;
}

function toInfohashLine(infohash: Uint8Array): string {
  return `Infohash: ${Buffer.from(infohash).toString('hex')}`;
}
