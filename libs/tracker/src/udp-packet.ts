/** Packets of the UDP tracker protocol (BEP 15), both directions. Readers answer `undefined` for what is malformed. */
import {
  type AnnounceEvent,
  type AnnounceReply,
  type AnnounceRequest,
  INFOHASH_BYTES,
  PEER_ID_BYTES,
  type ScrapeEntry,
} from './announce.ts';
import { COMPACT_PEER6_BYTES, COMPACT_PEER_BYTES } from './compact-peers.ts';
import { SCRAPE_TORRENTS_MAX } from './http-query.ts';

export const UDP_PACKET_BYTES_MAX = 2048;
export const CONNECTION_ID_BYTES = 8;

const PROTOCOL_ID = 0x417_2710_1980n;
const ACTION_CONNECT = 0;
const ACTION_ANNOUNCE = 1;
const ACTION_SCRAPE = 2;
const ACTION_ERROR = 3;
const REQUEST_HEAD_BYTES = 16;
const ANNOUNCE_REQUEST_BYTES = 98;
const ANNOUNCE_REPLY_HEAD_BYTES = 20;
const SCRAPE_ENTRY_BYTES = 12;
const EVENTS: readonly (AnnounceEvent | undefined)[] = [undefined, 'completed', 'started', 'stopped', 'paused'];

export type UdpRequest =
  | { action: 'connect'; transactionId: number }
  | { action: 'announce'; transactionId: number; connectionId: Uint8Array; announce: AnnounceRequest }
  | { action: 'scrape'; transactionId: number; connectionId: Uint8Array; infohashes: Uint8Array[] };

export type UdpReply =
  | { action: 'connect'; transactionId: number; connectionId: Uint8Array }
  | { action: 'announce'; transactionId: number; reply: AnnounceReply }
  | { action: 'scrape'; transactionId: number; counts: Omit<ScrapeEntry, 'infohash'>[] }
  | { action: 'error'; transactionId: number; message: string };

/** Reads what a client sent. The packet's `ip` field is not read; port 0 is for the tracker to refuse. */
export function readUdpRequest(packet: Uint8Array): UdpRequest | undefined {
  if (packet.length < REQUEST_HEAD_BYTES || packet.length > UDP_PACKET_BYTES_MAX) return undefined;
  const view = viewOf(packet);
  const action = view.getUint32(8);
  const transactionId = view.getUint32(12);
  if (action === ACTION_CONNECT)
    return view.getBigUint64(0) === PROTOCOL_ID ? { action: 'connect', transactionId } : undefined;
  const connectionId = packet.subarray(0, CONNECTION_ID_BYTES);
  if (action === ACTION_ANNOUNCE) {
    const announce = readAnnounce(packet, view);
    return announce === undefined ? undefined : { action: 'announce', transactionId, connectionId, announce };
  }
  if (action !== ACTION_SCRAPE) return undefined;
  const infohashes = readInfohashes(packet);
  return infohashes === undefined ? undefined : { action: 'scrape', transactionId, connectionId, infohashes };
}

function readAnnounce(packet: Uint8Array, view: DataView): AnnounceRequest | undefined {
  if (packet.length < ANNOUNCE_REQUEST_BYTES) return undefined;
  const eventCode = view.getUint32(80);
  if (eventCode >= EVENTS.length) return undefined;
  const request: AnnounceRequest = {
    infohash: packet.subarray(16, 36),
    peerId: packet.subarray(36, 56),
    downloadedBytes: readCount(view, 56),
    leftBytes: readCount(view, 64),
    uploadedBytes: readCount(view, 72),
    key: view.getUint32(88),
    port: view.getUint16(96),
  };
  const event = EVENTS[eventCode];
  if (event !== undefined) request.event = event;
  const wanted = view.getInt32(92);
  if (wanted >= 0) request.peersWanted = wanted;
  return request;
}

function readInfohashes(packet: Uint8Array): Uint8Array[] | undefined {
  const bodyBytes = packet.length - REQUEST_HEAD_BYTES;
  const count = bodyBytes / INFOHASH_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > SCRAPE_TORRENTS_MAX) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const start = REQUEST_HEAD_BYTES + index * INFOHASH_BYTES;
    return packet.subarray(start, start + INFOHASH_BYTES);
  });
}

/** Reads what a tracker sent. `family` is that of the socket: it decides how long a peer is. */
export function readUdpReply(packet: Uint8Array, family: 'ipv4' | 'ipv6'): UdpReply | undefined {
  if (packet.length < 8) return undefined;
  const view = viewOf(packet);
  const action = view.getUint32(0);
  const transactionId = view.getUint32(4);
  if (action === ACTION_CONNECT && packet.length >= 16)
    return { action: 'connect', transactionId, connectionId: packet.slice(8, 16) };
  if (action === ACTION_ANNOUNCE && packet.length >= ANNOUNCE_REPLY_HEAD_BYTES) {
    const body = packet.slice(ANNOUNCE_REPLY_HEAD_BYTES);
    const none = new Uint8Array(0);
    const reply: AnnounceReply = {
      intervalSeconds: view.getUint32(8),
      leechers: view.getUint32(12),
      seeds: view.getUint32(16),
      peers: family === 'ipv4' ? body : none,
      peers6: family === 'ipv6' ? body : none,
    };
    return { action: 'announce', transactionId, reply };
  }
  if (action === ACTION_SCRAPE) return { action: 'scrape', transactionId, counts: readCounts(view) };
  if (action !== ACTION_ERROR) return undefined;
  return { action: 'error', transactionId, message: new TextDecoder().decode(packet.subarray(8, 8 + 512)) };
}

function readCounts(view: DataView): Omit<ScrapeEntry, 'infohash'>[] {
  const counts: Omit<ScrapeEntry, 'infohash'>[] = [];
  for (
    let at = 8;
    at + SCRAPE_ENTRY_BYTES <= view.byteLength && counts.length < SCRAPE_TORRENTS_MAX;
    at += SCRAPE_ENTRY_BYTES
  ) {
    counts.push({ seeds: view.getUint32(at), completed: view.getUint32(at + 4), leechers: view.getUint32(at + 8) });
  }
  return counts;
}

export function writeConnectRequest(transactionId: number): Uint8Array {
  const packet = new Uint8Array(REQUEST_HEAD_BYTES);
  const view = viewOf(packet);
  view.setBigUint64(0, PROTOCOL_ID);
  view.setUint32(8, ACTION_CONNECT);
  view.setUint32(12, transactionId);
  return packet;
}

export function writeAnnounceRequest(
  connectionId: Uint8Array,
  transactionId: number,
  request: AnnounceRequest,
): Uint8Array {
  const packet = new Uint8Array(ANNOUNCE_REQUEST_BYTES);
  const view = viewOf(packet);
  packet.set(connectionId.subarray(0, CONNECTION_ID_BYTES), 0);
  view.setUint32(8, ACTION_ANNOUNCE);
  view.setUint32(12, transactionId);
  packet.set(request.infohash.subarray(0, INFOHASH_BYTES), 16);
  packet.set(request.peerId.subarray(0, PEER_ID_BYTES), 36);
  view.setBigUint64(56, BigInt(request.downloadedBytes));
  view.setBigUint64(64, BigInt(request.leftBytes));
  view.setBigUint64(72, BigInt(request.uploadedBytes));
  view.setUint32(80, EVENTS.indexOf(request.event));
  view.setUint32(88, request.key ?? 0);
  view.setInt32(92, request.peersWanted ?? -1);
  view.setUint16(96, request.port);
  return packet;
}

export function writeScrapeRequest(
  connectionId: Uint8Array,
  transactionId: number,
  infohashes: readonly Uint8Array[],
): Uint8Array {
  const packet = new Uint8Array(REQUEST_HEAD_BYTES + infohashes.length * INFOHASH_BYTES);
  const view = viewOf(packet);
  packet.set(connectionId.subarray(0, CONNECTION_ID_BYTES), 0);
  view.setUint32(8, ACTION_SCRAPE);
  view.setUint32(12, transactionId);
  infohashes.forEach((infohash, index) => {
    packet.set(infohash.subarray(0, INFOHASH_BYTES), REQUEST_HEAD_BYTES + index * INFOHASH_BYTES);
  });
  return packet;
}

export function writeConnectReply(transactionId: number, connectionId: Uint8Array): Uint8Array {
  const packet = replyPacket(ACTION_CONNECT, transactionId, CONNECTION_ID_BYTES);
  packet.set(connectionId, 8);
  return packet;
}

/** Peers of the announcer's own family follow the counts. */
export function writeAnnounceReply(transactionId: number, reply: AnnounceReply, family: 'ipv4' | 'ipv6'): Uint8Array {
  const peers = family === 'ipv4' ? reply.peers : reply.peers6;
  const packet = replyPacket(ACTION_ANNOUNCE, transactionId, ANNOUNCE_REPLY_HEAD_BYTES - 8 + peers.length);
  const view = viewOf(packet);
  view.setUint32(8, reply.intervalSeconds);
  view.setUint32(12, reply.leechers);
  view.setUint32(16, reply.seeds);
  packet.set(peers, ANNOUNCE_REPLY_HEAD_BYTES);
  return packet;
}

/** A torrent that is not tracked has zeros in its place. */
export function writeScrapeReply(transactionId: number, entries: readonly (ScrapeEntry | undefined)[]): Uint8Array {
  const packet = replyPacket(ACTION_SCRAPE, transactionId, entries.length * SCRAPE_ENTRY_BYTES);
  const view = viewOf(packet);
  entries.forEach((entry, index) => {
    const at = 8 + index * SCRAPE_ENTRY_BYTES;
    view.setUint32(at, entry?.seeds ?? 0);
    view.setUint32(at + 4, entry?.completed ?? 0);
    view.setUint32(at + 8, entry?.leechers ?? 0);
  });
  return packet;
}

/** The message is cut so that the packet is no longer than `bytesMax`. */
export function writeErrorReply(transactionId: number, message: string, bytesMax: number): Uint8Array {
  const text = new TextEncoder().encode(message).subarray(0, Math.max(0, bytesMax - 8));
  const packet = replyPacket(ACTION_ERROR, transactionId, text.length);
  packet.set(text, 8);
  return packet;
}

function replyPacket(action: number, transactionId: number, bodyBytes: number): Uint8Array {
  const packet = new Uint8Array(8 + bodyBytes);
  const view = viewOf(packet);
  view.setUint32(0, action);
  view.setUint32(4, transactionId);
  return packet;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Counts past 2^53 lose their last digits: only 0 has a meaning to a tracker. */
function readCount(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}

/** Peers that fit into a packet which no ordinary path fragments. */
export function udpPeersMax(family: 'ipv4' | 'ipv6'): number {
  const roomBytes = 1400 - ANNOUNCE_REPLY_HEAD_BYTES;
  return Math.floor(roomBytes / (family === 'ipv4' ? COMPACT_PEER_BYTES : COMPACT_PEER6_BYTES));
}
