import { Buffer } from 'node:buffer';

import { FILE_COUNT_MAX, TRACKERS_MAX, WEB_SEEDS_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import { isTrackerUrl, isWebSeedUrl } from './parse-torrent.ts';

export const MAGNET_CHARACTERS_MAX = 32_768;
export const MAGNET_PEERS_MAX = 100;
export const MAGNET_FILE_RANGES_MAX = 1000;

export interface PeerEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Files from `first` to `last`, both included, counted from 0. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** A magnet link (BEP 9, 53); at least one infohash is there. */
export interface Magnet {
  /** 20 bytes. */
  readonly infohashV1?: Uint8Array;
  /** 32 bytes. */
  readonly infohashV2?: Uint8Array;
  readonly name?: string;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly PeerEndpoint[];
  /** Empty when all files are wanted. */
  readonly selectOnly: readonly FileRange[];
}

const BTIH = /^urn:btih:(?:([0-9a-f]{40})|([a-z2-7]{32}))$/i;
/** A multihash: 0x12 is SHA-256, 0x20 its length. */
const BTMH = /^urn:btmh:1220([0-9a-f]{64})$/i;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Reads a magnet link. Trackers, web seeds and peers that cannot be used are left out.
 *
 * @throws {MetainfoError} `bad_magnet`
 */
export function parseMagnet(text: string): Magnet {
  if (text.length > MAGNET_CHARACTERS_MAX)
    throw bad(`found ${text.length} characters, at most ${MAGNET_CHARACTERS_MAX} are read`);
  if (!/^magnet:\?/i.test(text)) throw bad('a link that starts with "magnet:?" is wanted');
  const values = parameters(text.slice(text.indexOf('?') + 1));
  const topics = values('xt');
  const infohashV1 = onlyHash(topics.flatMap(readBtih));
  const infohashV2 = onlyHash(topics.flatMap(readBtmh));
  if (!infohashV1 && !infohashV2) throw bad('it names no infohash; xt=urn:btih: or xt=urn:btmh: is wanted');
  const [name] = values('dn');
  return {
    ...(infohashV1 && { infohashV1 }),
    ...(infohashV2 && { infohashV2 }),
    ...(name && { name }),
    trackers: values('tr').filter(isTrackerUrl).slice(0, TRACKERS_MAX),
    webSeeds: values('ws').filter(isWebSeedUrl).slice(0, WEB_SEEDS_MAX),
    peers: values('x.pe').flatMap(readPeer).slice(0, MAGNET_PEERS_MAX),
    selectOnly: values('so').flatMap(readRanges),
  };
}

/** Writes a magnet link that `parseMagnet` reads back. */
export function formatMagnet(magnet: Partial<Magnet>): string {
  const parts: string[] = [];
  const add = (key: string, value: string): void => void parts.push(`${key}=${encodeURIComponent(value)}`);
  if (magnet.infohashV1) parts.push(`xt=urn:btih:${Buffer.from(magnet.infohashV1).toString('hex')}`);
  if (magnet.infohashV2) parts.push(`xt=urn:btmh:1220${Buffer.from(magnet.infohashV2).toString('hex')}`);
  if (parts.length === 0) throw bad('an infohash is wanted to write one');
  if (magnet.name) add('dn', magnet.name);
  for (const url of magnet.trackers ?? []) add('tr', url);
  for (const url of magnet.webSeeds ?? []) add('ws', url);
  for (const { host, port } of magnet.peers ?? [])
    add('x.pe', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const ranges = (magnet.selectOnly ?? []).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  if (ranges.length > 0) parts.push(`so=${ranges.join(',')}`);
  return `magnet:?${parts.join('&')}`;
}

/** Values by key; `tr.1` and `tr.2` count as `tr`, as some makers number them. */
function parameters(query: string): (key: string) => string[] {
  const entries = [...new URLSearchParams(query)].map(
    ([key, value]) => [key.toLowerCase().replace(/\.\d+$/, ''), value] as const,
  );
  return (key) => entries.filter(([name]) => name === key).map(([, value]) => value);
}

function onlyHash(hashes: Uint8Array[]): Uint8Array | undefined {
  const [first, ...others] = hashes;
  if (first && others.some((other) => Buffer.compare(first, other) !== 0))
    throw bad('it names several torrents, one is wanted');
  return first;
}

function readBtih(topic: string): Uint8Array[] {
  const [, hex, base32] = BTIH.exec(topic) ?? [];
  if (hex !== undefined) return [new Uint8Array(Buffer.from(hex, 'hex'))];
  return base32 === undefined ? [] : [fromBase32(base32.toUpperCase())];
}

function readBtmh(topic: string): Uint8Array[] {
  const [, hex] = BTMH.exec(topic) ?? [];
  return hex === undefined ? [] : [new Uint8Array(Buffer.from(hex, 'hex'))];
}

/** 32 characters of 5 bits are 20 bytes. */
function fromBase32(text: string): Uint8Array {
  let bits = 0n;
  for (const character of text) bits = (bits << 5n) | BigInt(BASE32.indexOf(character));
  return new Uint8Array(Buffer.from(bits.toString(16).padStart(40, '0'), 'hex'));
}

function readPeer(text: string): PeerEndpoint[] {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? [] : [{ host, port }];
}

/** BEP 53: "0,2,4,6-8". */
function readRanges(text: string): FileRange[] {
  const parts = text.split(',');
  if (parts.length > MAGNET_FILE_RANGES_MAX)
    throw bad(`it selects ${parts.length} ranges of files, at most ${MAGNET_FILE_RANGES_MAX} are read`);
  return parts.map((part) => {
    const [, from, to] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    const first = Number(from);
    const last = Number(to ?? from);
    if (from === undefined || last < first || last >= FILE_COUNT_MAX)
      throw bad(`it selects the files ${JSON.stringify(part.slice(0, 40))}, an index or a range is wanted`);
    return { first, last };
  });
}

function bad(found: string): MetainfoError {
  return new MetainfoError('bad_magnet', `read a magnet link: ${found}`);
}
