import type { AnnounceRequest } from './announce.ts';
import { ConnectionIds } from './connection-ids.ts';
import { type IpAddress, IPV4_BYTES, parseIpAddress } from './ip-address.ts';
import type { AnnounceSource, Tracker } from './tracker.ts';
import { TrackerError } from './tracker-error.ts';
import {
  readUdpRequest,
  udpPeersMax,
  writeAnnounceReply,
  writeConnectReply,
  writeErrorReply,
  writeScrapeReply,
} from './udp-packet.ts';

/** Longest refusal once an address is proven. */
const UDP_ERROR_BYTES_MAX = 256;

/**
 * The UDP edge of a tracker (BEP 15): a packet in, at most one packet out, to the same source.
 *
 * Until a source has proven with a connection id that it receives at its address, no reply is longer than its request;
 * what is malformed gets none.
 */
export class UdpTracker {
  readonly #tracker: Tracker;
  readonly #connectionIds: ConnectionIds;

  /** @param secret 32 random bytes, new at every start. */
  constructor(tracker: Tracker, secret: Uint8Array) {
    this.#tracker = tracker;
    this.#connectionIds = new ConnectionIds(secret);
  }

  receive(packet: Uint8Array, source: AnnounceSource, nowMs: number): Uint8Array | undefined {
    const request = readUdpRequest(packet);
    const address = parseIpAddress(source.address);
    if (request === undefined || address === undefined) return undefined;
    const { transactionId } = request;
    if (request.action === 'connect')
      return writeConnectReply(transactionId, this.#connectionIds.issue(address, nowMs));
    if (!this.#connectionIds.isValid(request.connectionId, address, nowMs)) {
      return writeErrorReply(transactionId, 'connection id expired, connect again', packet.length);
    }
    if (request.action === 'scrape')
      return writeScrapeReply(transactionId, this.#tracker.scrape(request.infohashes, nowMs));
    return this.#announce(transactionId, request.announce, source, address, nowMs);
  }

  #announce(
    transactionId: number,
    announce: AnnounceRequest,
    source: AnnounceSource,
    address: IpAddress,
    nowMs: number,
  ): Uint8Array {
    const family = address.length === IPV4_BYTES ? 'ipv4' : 'ipv6';
    const peersMax = udpPeersMax(family);
    if (announce.peersWanted !== undefined) announce.peersWanted = Math.min(announce.peersWanted, peersMax);
    try {
      return writeAnnounceReply(transactionId, this.#tracker.announce(announce, source, nowMs), family);
    } catch (error) {
      if (error instanceof TrackerError) return writeErrorReply(transactionId, error.message, UDP_ERROR_BYTES_MAX);
      throw error;
    }
  }
}
