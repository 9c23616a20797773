import {
  BencodeError,
  type BencodeDictionary,
  type BencodeNode,
  decode,
  type Encodable,
  encode,
  Encoded,
} from '@swarmpatch/bencode';

/** Longest packet that is read. Real ones fit an Ethernet frame. */
export const DHT_PACKET_BYTES_MAX = 4096;
/** Longest reply that is sent: small enough for every path, and no use as an amplifier. */
export const DHT_REPLY_BYTES_MAX = 1024;
export const DHT_TOKENS_MAX = 2048;
export const DHT_TRANSACTION_ID_BYTES_MAX = 32;
/** Of the write token that a node gives with its peers. */
export const DHT_WRITE_TOKEN_BYTES_MAX = 64;

const DEPTH_MAX = 5;
const ID_BYTES = 20;
const COMPACT_NODE_BYTES = 26;
const COMPACT_PEER_BYTES = 6;
/** `6:` and the peer. */
const LISTED_PEER_BYTES = 8;

/**
 * Whether a packet is a message of the DHT (BEP 5) that is complete and of the right types: a query of the four kinds
 * that it has, a reply or an error. Whoever reads it afterwards need not expect anything else. The storage of BEP 44
 * is not taken part in: its queries are none of the four.
 */
export function isDhtPacket(bytes: Uint8Array): boolean {
  const message = readMessage(bytes, DHT_PACKET_BYTES_MAX);
  if (message === undefined || !hasText(message, 't', DHT_TRANSACTION_ID_BYTES_MAX)) return false;
  const kind = textOf(message, 'y');
  if (kind === 'q') return isQuery(textOf(message, 'q'), dictionaryOf(message, 'a'));
  if (kind === 'r') return isReply(dictionaryOf(message, 'r'));
  return kind === 'e' && message.entries.get('e')?.kind === 'list';
}

/**
 * A reply as it is sent. One with more peers than `DHT_REPLY_BYTES_MAX` holds is cut to its first; what is not such a
 * reply stays as it is.
 */
export function trimDhtReply(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= DHT_REPLY_BYTES_MAX) return bytes;
  const message = readMessage(bytes, bytes.length);
  const reply = message && dictionaryOf(message, 'r');
  const values = reply?.entries.get('values');
  if (message === undefined || reply === undefined || values?.kind !== 'list') return bytes;
  const roomBytes = DHT_REPLY_BYTES_MAX - (bytes.length - (values.end - values.start));
  const kept = values.items.slice(0, Math.max(0, Math.floor((roomBytes - 2) / LISTED_PEER_BYTES)));
  const raw = (node: BencodeNode): Encoded => new Encoded(bytes.subarray(node.start, node.end));
  const replace = (dictionary: BencodeDictionary, key: string, value: Encodable): ReadonlyMap<string, Encodable> =>
    new Map([...dictionary.entries].map(([name, node]) => [name, name === key ? value : raw(node)]));
  return encode(replace(message, 'r', replace(reply, 'values', kept.map(raw))));
}

function readMessage(bytes: Uint8Array, bytesMax: number): BencodeDictionary | undefined {
  try {
    const limits = { bytesMax, depthMax: DEPTH_MAX, tokensMax: Math.max(DHT_TOKENS_MAX, bytesMax) };
    const node = decode(bytes, { ...limits, keyOrder: 'any' });
    return node.kind === 'dictionary' ? node : undefined;
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

function isQuery(method: string | undefined, given: BencodeDictionary | undefined): boolean {
  if (given === undefined || !hasId(given, 'id')) return false;
  switch (method) {
    case 'ping':
      return true;
    case 'find_node':
      return hasId(given, 'target');
    case 'get_peers':
      return hasId(given, 'info_hash');
    case 'announce_peer':
      return hasId(given, 'info_hash') && hasText(given, 'token', DHT_WRITE_TOKEN_BYTES_MAX) && namesPort(given);
    default:
      return false;
  }
}

function isReply(reply: BencodeDictionary | undefined): boolean {
  if (reply === undefined || !hasId(reply, 'id')) return false;
  const nodes = reply.entries.get('nodes');
  if (nodes && !(nodes.kind === 'string' && nodes.bytes.length % COMPACT_NODE_BYTES === 0)) return false;
  const values = reply.entries.get('values');
  if (values && !(values.kind === 'list' && values.items.every(isPeer))) return false;
  return !reply.entries.has('token') || hasText(reply, 'token', DHT_WRITE_TOKEN_BYTES_MAX);
}

function isPeer(node: BencodeNode): boolean {
  return node.kind === 'string' && node.bytes.length === COMPACT_PEER_BYTES;
}

function namesPort(given: BencodeDictionary): boolean {
  const implied = given.entries.get('implied_port');
  if (implied && implied.kind !== 'integer') return false;
  const port = given.entries.get('port');
  if (port === undefined) return implied?.value === 1n;
  return port.kind === 'integer' && port.value >= 0n && port.value <= 65_535n;
}

/** A dictionary that a careless reader cannot take for another prototype. */
function dictionaryOf(parent: BencodeDictionary, key: string): BencodeDictionary | undefined {
  const node = parent.entries.get(key);
  return node?.kind === 'dictionary' && !node.entries.has('__proto__') ? node : undefined;
}

function textOf(parent: BencodeDictionary, key: string): string | undefined {
  const node = parent.entries.get(key);
  return node?.kind === 'string' ? node.latin1 : undefined;
}

function hasText(parent: BencodeDictionary, key: string, bytesMax: number): boolean {
  const node = parent.entries.get(key);
  return node?.kind === 'string' && node.bytes.length > 0 && node.bytes.length <= bytesMax;
}

function hasId(parent: BencodeDictionary, key: string): boolean {
  const node = parent.entries.get(key);
  return node?.kind === 'string' && node.bytes.length === ID_BYTES;
}
