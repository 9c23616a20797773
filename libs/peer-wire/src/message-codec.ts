import { BLOCK_LENGTH_BYTES, HASHES_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
import type { HashKind, HashSpan, PieceKind, SimpleKind, SpanKind, WireMessage } from './message.ts';
import { ProtocolError } from './protocol-error.ts';

const SIMPLE_IDS: Readonly<Record<Exclude<SimpleKind, 'keep_alive'>, number>> = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  not_interested: 3,
  have_all: 14,
  have_none: 15,
};
const PIECE_IDS: Readonly<Record<PieceKind, number>> = { have: 4, suggest: 13, allowed_fast: 17 };
const SPAN_IDS: Readonly<Record<SpanKind, number>> = { request: 6, cancel: 8, reject: 16 };
const HASH_IDS: Readonly<Record<HashKind | 'hashes', number>> = { hash_request: 21, hashes: 22, hash_reject: 23 };
const BITFIELD_ID = 5;
const BLOCK_ID = 7;
const PORT_ID = 9;
const EXTENDED_ID = 20;

const LENGTH_PREFIX_BYTES = 4;
const SPAN_BYTES = 13;
const BLOCK_HEADER_BYTES = 9;
const HASH_SPAN_BYTES = 49;

const simpleKinds = kindsById(SIMPLE_IDS);
const pieceKinds = kindsById(PIECE_IDS);
const spanKinds = kindsById(SPAN_IDS);
const hashKinds = kindsById(HASH_IDS);

/** The longest that a message of this id may be, its id included and its length prefix not. */
export function messageBytesMax(id: number, bitfieldBytesMax: number): number {
  if (simpleKinds.has(id)) return 1;
  if (pieceKinds.has(id)) return 5;
  if (spanKinds.has(id)) return SPAN_BYTES;
  if (id === BITFIELD_ID) return 1 + bitfieldBytesMax;
  if (id === BLOCK_ID) return BLOCK_HEADER_BYTES + BLOCK_LENGTH_BYTES;
  if (id === PORT_ID) return 3;
  if (hashKinds.has(id)) return HASHES_BYTES_MAX;
  return MESSAGE_BYTES_MAX;
}

/**
 * @param body A message without its length prefix.
 * @throws {ProtocolError} `bad_message_length`
 */
export function parseMessage(body: Uint8Array): WireMessage {
  const id = body[0];
  if (id === undefined) return { kind: 'keep_alive' };
  if (id === BLOCK_ID) {
    if (body.length <= BLOCK_HEADER_BYTES) throw badLength('block', body.length, `more than ${BLOCK_HEADER_BYTES}`);
    return {
      kind: 'block',
      piece: uint32(body, 1),
      begin: uint32(body, 5),
      bytes: body.subarray(BLOCK_HEADER_BYTES),
    };
  }
  const simple = simpleKinds.get(id);
  if (simple) {
    expectLength(body, 1, simple);
    return { kind: simple };
  }
  const span = spanKinds.get(id);
  if (span) {
    expectLength(body, SPAN_BYTES, span);
    return { kind: span, piece: uint32(body, 1), begin: uint32(body, 5), lengthBytes: uint32(body, 9) };
  }
  const piece = pieceKinds.get(id);
  if (piece) {
    expectLength(body, 5, piece);
    return { kind: piece, piece: uint32(body, 1) };
  }
  const hash = hashKinds.get(id);
  if (hash) return parseHashMessage(hash, body);
  if (id === BITFIELD_ID) return { kind: 'bitfield', bits: body.subarray(1) };
  if (id === EXTENDED_ID) {
    if (body.length < 2) throw badLength('extended', body.length, 'at least 2');
    return { kind: 'extended', extensionId: body[1] ?? 0, payload: body.subarray(2) };
  }
  if (id === PORT_ID) {
    expectLength(body, 3, 'port');
    return { kind: 'port', port: ((body[1] ?? 0) << 8) | (body[2] ?? 0) };
  }
  return { kind: 'unknown', id };
}

function parseHashMessage(kind: HashKind | 'hashes', body: Uint8Array): WireMessage {
  if (kind === 'hashes') {
    if (body.length < HASH_SPAN_BYTES || (body.length - HASH_SPAN_BYTES) % 32 !== 0) {
      throw badLength(kind, body.length, `${HASH_SPAN_BYTES} and whole hashes`);
    }
  } else expectLength(body, HASH_SPAN_BYTES, kind);
  const span: HashSpan = {
    piecesRoot: body.subarray(1, 33),
    baseLayer: uint32(body, 33),
    index: uint32(body, 37),
    length: uint32(body, 41),
    proofLayers: uint32(body, 45),
  };
  return kind === 'hashes' ? { kind, ...span, hashes: body.subarray(HASH_SPAN_BYTES) } : { kind, ...span };
}

/** Big-endian; cheaper than a DataView for each message. */
function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

/** Bytes of a message on the wire, its length prefix included. */
export function messageLengthBytes(message: WireMessage): number {
  return LENGTH_PREFIX_BYTES + bodyLengthBytes(message);
}

function bodyLengthBytes(message: WireMessage): number {
  switch (message.kind) {
    case 'keep_alive':
      return 0;
    case 'have':
    case 'suggest':
    case 'allowed_fast':
      return 5;
    case 'request':
    case 'cancel':
    case 'reject':
      return SPAN_BYTES;
    case 'bitfield':
      return 1 + message.bits.length;
    case 'block':
      return BLOCK_HEADER_BYTES + message.bytes.length;
    case 'port':
      return 3;
    case 'extended':
      return 2 + message.payload.length;
    case 'hash_request':
    case 'hash_reject':
      return HASH_SPAN_BYTES;
    case 'hashes':
      return HASH_SPAN_BYTES + message.hashes.length;
    default:
      return 1;
  }
}

/** Encodes messages one after the other, as one write to the socket. */
export function encodeMessages(messages: readonly WireMessage[]): Uint8Array {
  let lengthBytes = 0;
  for (const message of messages) lengthBytes += messageLengthBytes(message);
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const message of messages) offset = writeMessage(message, bytes, view, offset);
  return bytes;
}

/** The 13 bytes before a block's own: what follows is sent from where it lies. */
export function encodeBlockHeader(piece: number, begin: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH_PREFIX_BYTES + BLOCK_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BLOCK_HEADER_BYTES + lengthBytes);
  bytes[4] = BLOCK_ID;
  view.setUint32(5, piece);
  view.setUint32(9, begin);
  return bytes;
}

function writeMessage(message: WireMessage, bytes: Uint8Array, view: DataView, offset: number): number {
  const lengthBytes = bodyLengthBytes(message);
  view.setUint32(offset, lengthBytes);
  const at = offset + LENGTH_PREFIX_BYTES;
  switch (message.kind) {
    case 'keep_alive':
      break;
    case 'have':
    case 'suggest':
    case 'allowed_fast':
      bytes[at] = PIECE_IDS[message.kind];
      view.setUint32(at + 1, message.piece);
      break;
    case 'request':
    case 'cancel':
    case 'reject':
      bytes[at] = SPAN_IDS[message.kind];
      view.setUint32(at + 1, message.piece);
      view.setUint32(at + 5, message.begin);
      view.setUint32(at + 9, message.lengthBytes);
      break;
    case 'bitfield':
      bytes[at] = BITFIELD_ID;
      bytes.set(message.bits, at + 1);
      break;
    case 'block':
      bytes[at] = BLOCK_ID;
      view.setUint32(at + 1, message.piece);
      view.setUint32(at + 5, message.begin);
      bytes.set(message.bytes, at + BLOCK_HEADER_BYTES);
      break;
    case 'port':
      bytes[at] = PORT_ID;
      view.setUint16(at + 1, message.port);
      break;
    case 'extended':
      bytes[at] = EXTENDED_ID;
      bytes[at + 1] = message.extensionId;
      bytes.set(message.payload, at + 2);
      break;
    case 'hash_request':
    case 'hash_reject':
    case 'hashes':
      bytes[at] = HASH_IDS[message.kind];
      bytes.set(message.piecesRoot, at + 1);
      view.setUint32(at + 33, message.baseLayer);
      view.setUint32(at + 37, message.index);
      view.setUint32(at + 41, message.length);
      view.setUint32(at + 45, message.proofLayers);
      if (message.kind === 'hashes') bytes.set(message.hashes, at + HASH_SPAN_BYTES);
      break;
    case 'unknown':
      bytes[at] = message.id;
      break;
    default:
      bytes[at] = SIMPLE_IDS[message.kind];
  }
  return at + lengthBytes;
}

function expectLength(body: Uint8Array, lengthBytes: number, kind: string): void {
  if (body.length !== lengthBytes) throw badLength(kind, body.length, String(lengthBytes));
}

function badLength(kind: string, found: number, wanted: string): ProtocolError {
  return new ProtocolError(
    'bad_message_length',
    `read a "${kind}" message: found ${found} bytes, ${wanted} are wanted`,
  );
}

function kindsById<K extends string>(ids: Readonly<Record<K, number>>): ReadonlyMap<number, K> {
  return new Map((Object.entries(ids) as [K, number][]).map(([kind, id]) => [id, kind]));
}
