import { type AnnounceEvent, type AnnounceRequest, INFOHASH_BYTES, PEER_ID_BYTES } from './announce.ts';
import { TrackerError } from './tracker-error.ts';

export const ANNOUNCE_QUERY_CHARS_MAX = 4096;
/** 70 infohashes, each byte as %xx. */
export const SCRAPE_QUERY_CHARS_MAX = 8192;
/** Torrents in one scrape (BEP 15 allows about 74 in a packet). */
export const SCRAPE_TORRENTS_MAX = 70;

const EVENTS: readonly string[] = ['started', 'completed', 'stopped', 'paused'] satisfies AnnounceEvent[];

/**
 * Reads the query of a GET announce (BEP 3), as it came: undecoded, without the question mark.
 *
 * @throws {TrackerError} `bad_announce`
 */
export function parseAnnounceQuery(rawQuery: string): AnnounceRequest {
  if (rawQuery.length > ANNOUNCE_QUERY_CHARS_MAX) {
    throw badAnnounce(`a query of ${rawQuery.length} characters, wanted at most ${ANNOUNCE_QUERY_CHARS_MAX}`);
  }
  const fields = new Map<string, string>();
  for (const [name, value] of fieldsOf(rawQuery)) if (!fields.has(name)) fields.set(name, value);
  const port = readCount(fields, 'port');
  if (port < 1 || port > 65_535) throw badAnnounce(`port ${port}, wanted 1 to 65535`);
  const request: AnnounceRequest = {
    infohash: readBytes(fields, 'info_hash', INFOHASH_BYTES),
    peerId: readBytes(fields, 'peer_id', PEER_ID_BYTES),
    port,
    uploadedBytes: readCount(fields, 'uploaded', 0),
    downloadedBytes: readCount(fields, 'downloaded', 0),
    leftBytes: readCount(fields, 'left'),
  };
  const event = fields.get('event');
  if (isEvent(event)) request.event = event;
  const wanted = fields.get('numwant');
  if (wanted !== undefined && /^\d{1,9}$/.test(wanted)) request.peersWanted = Number(wanted);
  return request;
}

/** Writes an announce as a query, without the question mark. `compact=1` is always asked for (BEP 23). */
export function formatAnnounceQuery(request: AnnounceRequest): string {
  const fields = [
    `info_hash=${escapeBytes(request.infohash)}`,
    `peer_id=${escapeBytes(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploadedBytes}`,
    `downloaded=${request.downloadedBytes}`,
    `left=${request.leftBytes}`,
    'compact=1',
  ];
  if (request.event !== undefined) fields.push(`event=${request.event}`);
  if (request.peersWanted !== undefined) fields.push(`numwant=${request.peersWanted}`);
  if (request.key !== undefined) fields.push(`key=${(request.key >>> 0).toString(16).padStart(8, '0')}`);
  return fields.join('&');
}

/**
 * Reads the infohashes of a scrape query (BEP 48). A scrape of everything is refused.
 *
 * @throws {TrackerError} `bad_scrape`
 */
export function parseScrapeQuery(rawQuery: string): Uint8Array[] {
  if (rawQuery.length > SCRAPE_QUERY_CHARS_MAX) {
    throw new TrackerError(
      'bad_scrape',
      `read a scrape: a query of ${rawQuery.length} characters, wanted at most ${SCRAPE_QUERY_CHARS_MAX}`,
    );
  }
  const infohashes: Uint8Array[] = [];
  for (const [name, value] of fieldsOf(rawQuery)) {
    if (name !== 'info_hash') continue;
    const infohash = unescapeBytes(value);
    if (infohash?.length !== INFOHASH_BYTES)
      throw new TrackerError('bad_scrape', `read a scrape: an info_hash is not ${INFOHASH_BYTES} bytes`);
    infohashes.push(infohash);
  }
  if (infohashes.length === 0 || infohashes.length > SCRAPE_TORRENTS_MAX) {
    throw new TrackerError(
      'bad_scrape',
      `read a scrape: found ${infohashes.length} info_hash, wanted 1 to ${SCRAPE_TORRENTS_MAX}`,
    );
  }
  return infohashes;
}

function* fieldsOf(rawQuery: string): Generator<[name: string, value: string]> {
  for (const field of rawQuery.split('&')) {
    const equals = field.indexOf('=');
    if (equals > 0) yield [field.slice(0, equals), field.slice(equals + 1)];
  }
}

function isEvent(text: string | undefined): text is AnnounceEvent {
  return text !== undefined && EVENTS.includes(text);
}

function readBytes(fields: Map<string, string>, name: string, lengthBytes: number): Uint8Array {
  const bytes = unescapeBytes(fields.get(name) ?? '');
  if (bytes?.length !== lengthBytes) throw badAnnounce(`${name} is not ${lengthBytes} bytes`);
  return bytes;
}

function readCount(fields: Map<string, string>, name: string, absent?: number): number {
  const text = fields.get(name);
  if (text === undefined && absent !== undefined) return absent;
  if (text === undefined || !/^\d{1,20}$/.test(text)) throw badAnnounce(`${name} is not a whole number of at least 0`);
  return Number(text);
}

/** Percent-encoded bytes; other characters stand for themselves, a plus sign too. */
function unescapeBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  let lengthBytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text.charCodeAt(at);
    if (byte === 0x25) {
      byte = hexDigit(text.charCodeAt(at + 1)) * 16 + hexDigit(text.charCodeAt(at + 2));
      at += 2;
    }
    if (!(byte <= 0xff)) return undefined;
    bytes[lengthBytes] = byte;
    lengthBytes += 1;
  }
  return bytes.subarray(0, lengthBytes);
}

/** NaN for what is not a hex digit. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += `%${byte.toString(16).padStart(2, '0')}`;
  return text;
}

function badAnnounce(found: string): TrackerError {
  return new TrackerError('bad_announce', `read an announce: ${found}`);
}
