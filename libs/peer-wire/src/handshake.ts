import { ProtocolError } from './protocol-error.ts';

export const HANDSHAKE_BYTES = 68;

const PROTOCOL_NAME = 'BitTorrent protocol';
/** The length of the protocol's name and the name: what tells a plain connection from an encrypted one. */
export const PROTOCOL_HEADER_BYTES: number = 1 + PROTOCOL_NAME.length;
const RESERVED_AT = 20;
const INFOHASH_AT = 28;
const PEER_ID_AT = 48;

/** Reserved bits: which byte, which bit. */
const EXTENSIONS = { at: 5, bit: 0x10 }; // BEP 10
const FAST = { at: 7, bit: 0x04 }; // BEP 6
const V2 = { at: 7, bit: 0x10 }; // BEP 52
const DHT = { at: 7, bit: 0x01 }; // BEP 5

/** What both ends can do beyond BEP 3. */
export interface Capabilities {
  /** Extension messages (BEP 10). */
  readonly extensions: boolean;
  /** Have-all, have-none, reject and allowed-fast (BEP 6). */
  readonly fast: boolean;
  /** Hash messages, and the torrent is known by its v2 infohash, too (BEP 52). */
  readonly v2: boolean;
  /** A DHT node, whose port the `port` message names (BEP 5). None unless said. */
  readonly dht?: boolean;
}

export interface Handshake extends Capabilities {
  /** 20 bytes; a v2 infohash is truncated (BEP 52). */
  readonly infohash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
}

/** The first 68 bytes of a connection (BEP 3). */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes[0] = PROTOCOL_NAME.length;
  for (let i = 0; i < PROTOCOL_NAME.length; i += 1) bytes[1 + i] = PROTOCOL_NAME.charCodeAt(i);
  for (const [flag, { at, bit }] of [
    [handshake.extensions, EXTENSIONS],
    [handshake.fast, FAST],
    [handshake.v2, V2],
    [handshake.dht, DHT],
  ] as const) {
    if (flag) bytes[RESERVED_AT + at] = (bytes[RESERVED_AT + at] ?? 0) | bit;
  }
  bytes.set(handshake.infohash.subarray(0, 20), INFOHASH_AT);
  bytes.set(handshake.peerId.subarray(0, 20), PEER_ID_AT);
  return bytes;
}

/**
 * @param bytes 68 bytes.
 * @throws {ProtocolError} `bad_handshake` when another protocol is spoken.
 */
export function parseHandshake(bytes: Uint8Array): Handshake {
  if (!startsLikeHandshake(bytes)) {
    throw new ProtocolError('bad_handshake', 'read the handshake: the peer does not speak the BitTorrent protocol');
  }
  const reserved = ({ at, bit }: { at: number; bit: number }): boolean => ((bytes[RESERVED_AT + at] ?? 0) & bit) !== 0;
  return {
    extensions: reserved(EXTENSIONS),
    fast: reserved(FAST),
    v2: reserved(V2),
    dht: reserved(DHT),
    infohash: bytes.slice(INFOHASH_AT, PEER_ID_AT),
    peerId: bytes.slice(PEER_ID_AT, HANDSHAKE_BYTES),
  };
}

/** Whether these first bytes, however few, can become a handshake. */
export function startsLikeHandshake(bytes: Uint8Array): boolean {
  if (bytes.length > 0 && bytes[0] !== PROTOCOL_NAME.length) return false;
  const length = Math.min(bytes.length - 1, PROTOCOL_NAME.length);
  for (let i = 0; i < length; i += 1) if (bytes[1 + i] !== PROTOCOL_NAME.charCodeAt(i)) return false;
  return true;
}
