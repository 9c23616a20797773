import {
  BencodeError,
  type BencodeDictionary,
  decode,
  decodeText,
  type Encodable,
  encode,
  findBytes,
  findInteger,
} from '@swarmpatch/bencode';
import { type AnnounceReply, INFOHASH_BYTES, type PeerEndpoint, type ScrapeEntry } from './announce.ts';
import { COMPACT_PEER6_BYTES, COMPACT_PEER_BYTES, packPeers } from './compact-peers.ts';
import { IPV4_BYTES, IPV6_BYTES } from './ip-address.ts';
import { TrackerError } from './tracker-error.ts';

/** Longest reply that a client reads: 2,000 peers as dictionaries are about 200 KB. */
export const TRACKER_REPLY_BYTES_MAX: number = 512 * 1024;
/** Peers taken from one reply. */
export const REPLY_PEERS_MAX = 2000;
const REPLY_TEXT_CHARS_MAX = 512;

/** Bencoded reply to an HTTP announce: compact (BEP 23), both families (BEP 7), external address (BEP 24). */
export function encodeAnnounceReply(reply: AnnounceReply): Uint8Array {
  const entries = new Map<string, Encodable | undefined>([
    ['complete', reply.seeds],
    ['external ip', reply.externalAddress],
    ['incomplete', reply.leechers],
    ['interval', reply.intervalSeconds],
    ['min interval', reply.minIntervalSeconds],
    ['peers', reply.peers],
    ['peers6', reply.peers6.length > 0 ? reply.peers6 : undefined],
    ['warning message', reply.warning],
  ]);
  return encode(entries);
}

/** Bencoded refusal, with the time to wait in minutes (BEP 31). */
export function encodeFailure(error: TrackerError): Uint8Array {
  const retry = error.retryInSeconds;
  return encode({
    'failure reason': error.message,
    'retry in': typeof retry === 'number' ? Math.ceil(retry / 60) : retry,
  });
}

/** Bencoded reply to a scrape (BEP 48); torrents that are not tracked are left out. */
export function encodeScrapeReply(entries: readonly (ScrapeEntry | undefined)[]): Uint8Array {
  const files = new Map<string, Encodable>();
  for (const entry of entries) {
    if (entry === undefined) continue;
    files.set(latin1(entry.infohash), {
      complete: entry.seeds,
      downloaded: entry.completed,
      incomplete: entry.leechers,
    });
  }
  return encode({ files });
}

/**
 * Reads a tracker's reply to an announce. Peers may come compact or as dictionaries; those without a usable address and
 * port are left out.
 *
 * @throws {TrackerError} `tracker_refused` with the tracker's own reason, `bad_tracker_reply`
 */
export function parseAnnounceReply(bytes: Uint8Array): AnnounceReply {
  const reply = readDictionary(bytes);
  try {
    const reason = findBytes(reply, 'failure reason');
    if (reason !== undefined) throw refusal(reply, reason);
    const peers = readPeers(reply);
    const parsed: AnnounceReply = {
      intervalSeconds: count(findInteger(reply, 'interval')) ?? 0,
      seeds: count(findInteger(reply, 'complete')) ?? 0,
      leechers: count(findInteger(reply, 'incomplete')) ?? 0,
      ...peers,
    };
    const minInterval = count(findInteger(reply, 'min interval'));
    if (minInterval !== undefined) parsed.minIntervalSeconds = minInterval;
    const external = findBytes(reply, 'external ip');
    if (external?.length === IPV4_BYTES || external?.length === IPV6_BYTES) parsed.externalAddress = external;
    const warning = findBytes(reply, 'warning message');
    if (warning !== undefined) parsed.warning = readableText(warning);
    return parsed;
  } catch (error) {
    throw error instanceof BencodeError ? badReply(error) : error;
  }
}

/** @throws {TrackerError} `tracker_refused`, `bad_tracker_reply` */
export function parseScrapeReply(bytes: Uint8Array): ScrapeEntry[] {
  const reply = readDictionary(bytes);
  try {
    const reason = findBytes(reply, 'failure reason');
    if (reason !== undefined) throw refusal(reply, reason);
    const files = reply.entries.get('files');
    const entries: ScrapeEntry[] = [];
    for (const [key, file] of files?.kind === 'dictionary' ? files.entries : []) {
      if (key.length !== INFOHASH_BYTES || file.kind !== 'dictionary') continue;
      entries.push({
        infohash: Uint8Array.from(key, (char) => char.charCodeAt(0)),
        seeds: count(findInteger(file, 'complete')) ?? 0,
        leechers: count(findInteger(file, 'incomplete')) ?? 0,
        completed: count(findInteger(file, 'downloaded')) ?? 0,
      });
    }
    return entries;
  } catch (error) {
    throw error instanceof BencodeError ? badReply(error) : error;
  }
}

function readDictionary(bytes: Uint8Array): BencodeDictionary {
  try {
    const reply = decode(bytes, { keyOrder: 'any', bytesMax: TRACKER_REPLY_BYTES_MAX, depthMax: 6, tokensMax: 20_000 });
    if (reply.kind === 'dictionary') return reply;
  } catch (error) {
    throw error instanceof BencodeError ? badReply(error) : error;
  }
  throw new TrackerError('bad_tracker_reply', "read a tracker's reply: it is not a dictionary");
}

function readPeers(reply: BencodeDictionary): { peers: Uint8Array; peers6: Uint8Array } {
  const node = reply.entries.get('peers');
  const peers6 = cut(findBytes(reply, 'peers6') ?? new Uint8Array(0), COMPACT_PEER6_BYTES);
  if (node?.kind === 'string') return { peers: cut(node.bytes, COMPACT_PEER_BYTES), peers6 };
  const endpoints: PeerEndpoint[] = [];
  for (const peer of node?.kind === 'list' ? node.items.slice(0, REPLY_PEERS_MAX) : []) {
    if (peer.kind !== 'dictionary') continue;
    const host = findBytes(peer, 'ip');
    const port = findInteger(peer, 'port');
    if (host !== undefined && port !== undefined) endpoints.push({ host: latin1(host), port });
  }
  const packed = packPeers(endpoints);
  return peers6.length > 0 ? { peers: packed.peers, peers6 } : packed;
}

/** Whole peers, and not too many. */
function cut(compact: Uint8Array, peerBytes: number): Uint8Array {
  const peers = Math.min(Math.floor(compact.length / peerBytes), REPLY_PEERS_MAX);
  return compact.subarray(0, peers * peerBytes);
}

function count(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.min(Math.max(value, 0), 0xffff_ffff);
}

function refusal(reply: BencodeDictionary, reason: Uint8Array): TrackerError {
  const retry = reply.entries.get('retry in');
  const text = retry?.kind === 'string' ? readableText(retry.bytes) : '';
  const minutes = retry?.kind === 'integer' ? Number(retry.value) : Number(text || Number.NaN);
  const retryInSeconds = text === 'never' ? 'never' : minutes >= 0 ? Math.min(minutes, 1e6) * 60 : undefined;
  return new TrackerError(
    'tracker_refused',
    `announce to a tracker: it refused: ${readableText(reason)}`,
    retryInSeconds,
  );
}

function badReply(error: BencodeError): TrackerError {
  return new TrackerError('bad_tracker_reply', `read a tracker's reply: ${error.message}`);
}

/** Text by a stranger: of bounded length and without control characters. */
function readableText(bytes: Uint8Array): string {
  const text = decodeText(bytes) ?? latin1(bytes);
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, REPLY_TEXT_CHARS_MAX);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, REPLY_TEXT_CHARS_MAX));
}
