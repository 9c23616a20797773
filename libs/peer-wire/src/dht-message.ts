import {
  type BencodeDictionary,
  BencodeError,
  type BencodeNode,
  decode,
  type Encodable,
  encode,
  Encoded,
} from '@swarmpatch/bencode';

import { DHT_FAMILIES, DHT_PEER_BYTES, type DhtFamily } from './dht-contact.ts';

/** Longest packet that is read. Real ones fit an Ethernet frame. */
export const DHT_PACKET_BYTES_MAX = 4096;
/** Longest reply that is sent: small enough for every path (BEP 32), and no use as an amplifier. */
export const DHT_REPLY_BYTES_MAX = 1024;
export const DHT_TOKENS_MAX = 2048;
export const DHT_TRANSACTION_ID_BYTES_MAX = 32;
/** Of the write token that a node gives with its peers. */
export const DHT_WRITE_TOKEN_BYTES_MAX = 64;

const DEPTH_MAX = 5;
const ID_BYTES = 20;

/** What a family's compact nodes are called, and how they are asked for (BEP 32). */
const NODES_KEYS: Readonly<Record<DhtFamily, string>> = { ipv4: 'nodes', ipv6: 'nodes6' };
const WANTS: Readonly<Record<DhtFamily, string>> = { ipv4: 'n4', ipv6: 'n6' };

/** A message of the DHT (BEP 5) as far as it matters between the network and a node. */
export type DhtMessage = DhtQuery | DhtReply | DhtFailure;

export interface DhtQuery {
  readonly kind: 'query';
  /** 1 to `DHT_TRANSACTION_ID_BYTES_MAX` bytes. */
  readonly transaction: Uint8Array;
  readonly method: 'ping' | 'find_node' | 'get_peers' | 'announce_peer';
  /** The id or infohash that it is about, 20 bytes; undefined of a ping. */
  readonly target: Uint8Array | undefined;
  /** Whose nodes are to be in the reply (BEP 32); undefined when it does not say. */
  readonly want: readonly DhtFamily[] | undefined;
}

export interface DhtReply {
  readonly kind: 'reply';
  readonly transaction: Uint8Array;
  /** 20 bytes. */
  readonly id: Uint8Array;
  readonly token?: Uint8Array | undefined;
  /** Compact nodes: an id, an address and a port each; undefined where there is no such list. */
  readonly nodes: Readonly<Partial<Record<DhtFamily, Uint8Array>>>;
  /** Compact peers of `values`, in their order. */
  readonly peers: Readonly<Partial<Record<DhtFamily, readonly Uint8Array[]>>>;
}

export interface DhtFailure {
  readonly kind: 'failure';
  readonly transaction: Uint8Array;
}

/**
 * Reads a message of the DHT that is complete and of the right types: a query of the four kinds that BEP 5 has, a reply or
 * an error. Whoever reads it afterwards need not expect anything else. The storage of BEP 44 is not taken part in: its
 * queries are none of the four.
 *
 * @param bytesMax Of what the own node writes, more than `DHT_PACKET_BYTES_MAX` is read.
 * @returns undefined for anything else.
 */
export function readDhtMessage(bytes: Uint8Array, bytesMax: number = DHT_PACKET_BYTES_MAX): DhtMessage | undefined {
  const message = readDictionary(bytes, bytesMax);
  const transaction = message && textBytesOf(message, 't', DHT_TRANSACTION_ID_BYTES_MAX);
  if (message === undefined || transaction === undefined) return undefined;
  switch (textOf(message, 'y')) {
    case 'q':
      return readQuery(transaction, textOf(message, 'q'), dictionaryOf(message, 'a'));
    case 'r':
      return readReply(transaction, dictionaryOf(message, 'r'));
    case 'e':
      return message.get('e')?.kind === 'list' ? { kind: 'failure', transaction } : undefined;
    default:
      return undefined;
  }
}

/**
 * Writes a reply of at most `DHT_REPLY_BYTES_MAX`: of more peers than there is room for, the first.
 *
 * @param reader Where it goes, as a compact peer: the asker learns its address (BEP 42).
 */
export function encodeDhtReply(reply: DhtReply, reader?: Uint8Array): Uint8Array {
  const { transaction, id, token, nodes } = reply;
  const peers = DHT_FAMILIES.flatMap((family) => reply.peers[family] ?? []);
  const write = (values: readonly Uint8Array[]): Uint8Array =>
    encode({
      t: transaction,
      y: 'r',
      ip: reader,
      r: { id, token, nodes: nodes.ipv4, nodes6: nodes.ipv6, values: values.length > 0 ? values : undefined },
    });
  // `6:values`, and the list's own two bytes.
  let roomBytes = DHT_REPLY_BYTES_MAX - write([]).length - 10;
  const kept = peers.filter(({ length }) => (roomBytes -= String(length).length + 1 + length) >= 0);
  return write(kept);
}

/** A query that asks for nodes of all these families (BEP 32). Of what is no query, the packet itself. */
export function askForNodes(packet: Uint8Array, families: readonly DhtFamily[]): Uint8Array {
  const message = readDictionary(packet, packet.length);
  const given = message && dictionaryOf(message, 'a');
  if (message === undefined || given === undefined) return packet;
  const raw = (node: BencodeNode): Encoded => new Encoded(packet.subarray(node.start, node.end));
  const copy = (dictionary: BencodeDictionary): Map<string, Encodable> =>
    new Map([...dictionary].map(([key, node]) => [key, raw(node)]));
  const want = families.map((family) => WANTS[family]);
  return encode(copy(message).set('a', copy(given).set('want', want)));
}

function readDictionary(bytes: Uint8Array, bytesMax: number): BencodeDictionary | undefined {
  try {
    const limits = { bytesMax, depthMax: DEPTH_MAX, tokensMax: Math.max(DHT_TOKENS_MAX, bytesMax) };
    const node = decode(bytes, { ...limits, keyOrder: 'any' });
    return node.kind === 'dictionary' ? node : undefined;
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
}

function readQuery(
  transaction: Uint8Array,
  method: string | undefined,
  given: BencodeDictionary | undefined,
): DhtQuery | undefined {
  if (given === undefined || !idOf(given, 'id')) return undefined;
  const query = { kind: 'query', transaction, want: wantOf(given) } as const;
  const target = idOf(given, method === 'find_node' ? 'target' : 'info_hash');
  switch (method) {
    case 'ping':
      return { ...query, method, target: undefined };
    case 'find_node':
    case 'get_peers':
      return target && { ...query, method, target };
    case 'announce_peer':
      if (!textBytesOf(given, 'token', DHT_WRITE_TOKEN_BYTES_MAX) || !namesPort(given)) return undefined;
      return target && { ...query, method, target };
    default:
      return undefined;
  }
}

function readReply(transaction: Uint8Array, given: BencodeDictionary | undefined): DhtReply | undefined {
  const id = given && idOf(given, 'id');
  if (given === undefined || id === undefined) return undefined;
  const token = textBytesOf(given, 'token', DHT_WRITE_TOKEN_BYTES_MAX);
  if (token === undefined && given.has('token')) return undefined;
  const values = given.get('values');
  const listed = values?.kind === 'list' ? values.items.map(bytesOf) : [];
  if ((values && values.kind !== 'list') || !listed.every(isPeer)) return undefined;
  const nodes: Partial<Record<DhtFamily, Uint8Array>> = {};
  const peers: Partial<Record<DhtFamily, readonly Uint8Array[]>> = {};
  for (const family of DHT_FAMILIES) {
    const node = given.get(NODES_KEYS[family]);
    const compact = node && bytesOf(node);
    if (node && (compact === undefined || compact.length % (ID_BYTES + DHT_PEER_BYTES[family]) !== 0)) return undefined;
    if (compact) nodes[family] = compact;
    const ofFamily = listed.filter(({ length }) => length === DHT_PEER_BYTES[family]);
    if (ofFamily.length > 0) peers[family] = ofFamily;
  }
  return { kind: 'reply', transaction, id, token, nodes, peers };
}

function isPeer(bytes: Uint8Array | undefined): bytes is Uint8Array {
  return DHT_FAMILIES.some((family) => bytes?.length === DHT_PEER_BYTES[family]);
}

function wantOf(given: BencodeDictionary): DhtFamily[] | undefined {
  const want = given.get('want');
  if (want?.kind !== 'list') return undefined;
  const texts = want.items.map((item) => (item.kind === 'string' ? item.latin1 : undefined));
  return DHT_FAMILIES.filter((family) => texts.includes(WANTS[family]));
}

function namesPort(given: BencodeDictionary): boolean {
  const implied = given.get('implied_port');
  if (implied && implied.kind !== 'integer') return false;
  const port = given.get('port');
  if (port === undefined) return implied?.value === 1n;
  return port.kind === 'integer' && port.value >= 0n && port.value <= 65_535n;
}

/** A dictionary that a careless reader cannot take for another prototype. */
function dictionaryOf(parent: BencodeDictionary, key: string): BencodeDictionary | undefined {
  const node = parent.get(key);
  return node?.kind === 'dictionary' && !node.has('__proto__') ? node : undefined;
}

function textOf(parent: BencodeDictionary, key: string): string | undefined {
  const node = parent.get(key);
  return node?.kind === 'string' ? node.latin1 : undefined;
}

function textBytesOf(parent: BencodeDictionary, key: string, bytesMax: number): Uint8Array | undefined {
  const node = parent.get(key);
  const bytes = node && bytesOf(node);
  return bytes && bytes.length > 0 && bytes.length <= bytesMax ? bytes : undefined;
}

function idOf(parent: BencodeDictionary, key: string): Uint8Array | undefined {
  const bytes = textBytesOf(parent, key, ID_BYTES);
  return bytes?.length === ID_BYTES ? bytes : undefined;
}

function bytesOf(node: BencodeNode): Uint8Array | undefined {
  return node.kind === 'string' ? node.bytes : undefined;
}
