import type { Host } from './host.ts';

/** One end of a connection as the other sees it. */
export interface Endpoint {
  readonly host: Host;
  readonly port: number;
}

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest >>> 0;
});

/**
 * Canonical peer priority (BEP 40): both ends compute the same number, so that a full swarm agrees on which connections
 * to keep, and nobody can choose his own.
 *
 * @returns 0 to 2^32 - 1, higher is better; 0 where the two are of different families.
 */
export function canonicalPriority(a: Endpoint, b: Endpoint): number {
  const ours = a.host.bytes;
  const theirs = b.host.bytes;
  if (!ours || ours.length !== theirs?.length) return 0;
  const nearness = a.host.nearnessTo(b.host);
  if (nearness === 'same_host') return crc32c(sorted(portBytes(a.port), portBytes(b.port)));
  const kept = keptBytes(ours, theirs);
  return crc32c(sorted(masked(ours, kept), masked(theirs, kept)));
}

/** Bytes that are taken whole; of the others every second bit. One more byte than the two have in common. */
function keptBytes(a: Uint8Array, b: Uint8Array): number {
  let shared = 0;
  while (a[shared] === b[shared]) shared += 1;
  const [first, last] = a.length === 4 ? [2, 4] : [6, 16];
  return shared < first ? first : Math.min(last, shared + 1);
}

function masked(bytes: Uint8Array, kept: number): Uint8Array {
  return bytes.map((byte, index) => (index < kept ? byte : byte & 0x55));
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >>> 8, port & 0xff);
}

function sorted(a: Uint8Array, b: Uint8Array): Uint8Array {
  let at = 0;
  while (at < a.length - 1 && a[at] === b[at]) at += 1;
  return (a[at] ?? 0) <= (b[at] ?? 0) ? Uint8Array.of(...a, ...b) : Uint8Array.of(...b, ...a);
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
