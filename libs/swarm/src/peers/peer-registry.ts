import type { Capabilities } from '@swarmpatch/peer-wire';

import type { DisconnectReason } from '../command.ts';
import { Bitfield } from '../pieces/bitfield.ts';
import { Bans } from './bans.ts';
import { canonicalPriority } from './canonical-priority.ts';
import { Host, nearnessRank } from './host.ts';
import { HostQuota } from './host-quota.ts';
import { OwnAddress } from './own-address.ts';
import type { PeerAddress } from './peer-address.ts';
import {
  CONNECTIONS_MAX,
  CONNECTIONS_PER_HOST_MAX,
  CONNECTIONS_PER_SUBNET_MAX,
  type LossCause,
  PeerBook,
} from './peer-book.ts';
import { SwarmPeer } from './swarm-peer.ts';

/** Departed peers that can still be named for what they sent. */
const DEPARTED_MAX = 500;
/** A connection on which nothing moved for so long makes room for another when all are taken. */
export const IDLE_CONNECTION_MS = 60_000;

/** A connection whose handshake is done. */
export interface NewPeer {
  /** Hex. */
  readonly peerId: string;
  /** What both ends can do. */
  readonly capabilities: Capabilities;
  readonly direction: 'incoming' | 'outgoing';
  readonly host: string;
  /** Where it was dialled. */
  readonly address?: PeerAddress | undefined;
}

/** Who is connected, who was, and who may not be. */
export class PeerRegistry {
  readonly book: PeerBook;
  readonly bans: Bans = new Bans();
  readonly own: OwnAddress;
  readonly #ownId: string;
  readonly #pieceCount: number;
  readonly #peers = new Map<number, SwarmPeer>();
  readonly #departed = new Map<number, SwarmPeer>();
  readonly #inUse = new HostQuota({
    perHostMax: CONNECTIONS_PER_HOST_MAX,
    perSubnetMax: CONNECTIONS_PER_SUBNET_MAX,
  });
  #lastNumber = 0;

  constructor(options: {
    ownId: string;
    pieceCount: number;
    listenPort?: number | undefined;
    ownHosts?: readonly string[] | undefined;
  }) {
    this.#ownId = options.ownId;
    this.#pieceCount = options.pieceCount;
    this.book = new PeerBook(this.#inUse);
    this.own = new OwnAddress(options.ownHosts ?? [], options.listenPort ?? 0);
    this.book.weAre(this.own.endpoint, this.own.hosts);
  }

  /** By number. */
  get peers(): ReadonlyMap<number, SwarmPeer> {
    return this.#peers;
  }

  /** Why a connection is not taken. */
  refusalOf(newPeer: NewPeer, nowMs: number): DisconnectReason | undefined {
    const { peerId, address, direction, host } = newPeer;
    if (peerId === this.#ownId) {
      if (address) this.book.exclude(address);
      return 'own_connection';
    }
    if (this.bans.refuses(newPeer, direction, nowMs)) {
      if (address) this.book.exclude(address);
      return 'sent_bad_pieces';
    }
    const other = this.withId(peerId);
    if (other) return this.#isBetter(direction, other) ? undefined : 'second_connection';
    if (direction === 'incoming' && !this.#inUse.hasRoomFor(new Host(host))) return 'too_many_connections';
    return (this.replacedBy(newPeer, nowMs) ?? this.#peers.size < CONNECTIONS_MAX) ? undefined : 'too_many_connections';
  }

  /** The connection that a new one takes the place of: of the same peer, or when all are taken, an idle one that is worse. */
  replacedBy(newPeer: NewPeer, nowMs: number): SwarmPeer | undefined {
    const same = this.withId(newPeer.peerId);
    if (same || this.#peers.size < CONNECTIONS_MAX) return same;
    const idle = this.idlePeer(nowMs);
    return idle && this.#valueOf(new Host(newPeer.host), newPeer.address) > this.#valueOf(idle.place, idle.address)
      ? idle
      : undefined;
  }

  /** Of the connections on which nothing moves, the one that is worth least. */
  idlePeer(nowMs: number): SwarmPeer | undefined {
    let worst: { readonly peer: SwarmPeer; readonly value: number } | undefined;
    for (const peer of this.#peers.values()) {
      if (nowMs - Math.max(peer.connectedMs, peer.lastBlockMs) < IDLE_CONNECTION_MS) continue;
      if (peer.received.bytesPerSecond(nowMs) + peer.sent.bytesPerSecond(nowMs) > 0) continue;
      const value = this.#valueOf(peer.place, peer.address);
      if (!worst || value < worst.value) worst = { peer, value };
    }
    return worst?.peer;
  }

  /** Who is connected under this id, in hex. */
  withId(peerId: string): SwarmPeer | undefined {
    for (const peer of this.#peers.values()) if (peer.peerId === peerId) return peer;
    return undefined;
  }

  add(newPeer: NewPeer, nowMs: number): SwarmPeer {
    this.#lastNumber += 1;
    const peer = new SwarmPeer({ ...newPeer, number: this.#lastNumber, pieces: new Bitfield(this.#pieceCount), nowMs });
    this.#peers.set(peer.number, peer);
    if (peer.address) this.book.connected(peer.address);
    this.#inUse.add(peer.place);
    return peer;
  }

  /** An incoming peer says where it listens. False when nobody from there is wanted. */
  learnAddress(peer: SwarmPeer, address: PeerAddress, nowMs: number): boolean {
    if (this.bans.hasAddress(address)) return false;
    if (peer.address) return true;
    peer.address = address;
    this.book.add(address, 'incoming', nowMs);
    this.book.connected(address);
    return true;
  }

  /** A peer says where it sees this client. */
  learnOwnHost(peer: SwarmPeer, host: string): void {
    if (this.own.told(host, peer.host)) this.book.weAre(this.own.endpoint, this.own.hosts);
  }

  /** @param cause What `PeerBook` makes of it. A connection that was `closed` before a byte of payload moved is `fruitless`. */
  remove(peer: SwarmPeer, cause: LossCause, nowMs: number): void {
    this.#peers.delete(peer.number);
    this.#inUse.remove(peer.place);
    this.#departed.set(peer.number, peer);
    if (this.#departed.size > DEPARTED_MAX) {
      for (const oldest of this.#departed.keys()) {
        this.#departed.delete(oldest);
        break;
      }
    }
    if (!peer.address) return;
    const hasMoved = peer.received.totalBytes + peer.sent.totalBytes > 0;
    this.book.lost(peer.address, cause === 'closed' && !hasMoved ? 'fruitless' : cause, nowMs);
    const seconds = Math.max(1, (nowMs - peer.connectedMs) / 1000);
    if (peer.received.totalBytes > 0) this.book.gave(peer.address, peer.received.totalBytes / seconds);
  }

  /** A peer that is or was here is not to come again. */
  ban(number: number, nowMs: number): void {
    const peer = this.#peers.get(number) ?? this.#departed.get(number);
    if (!peer) return;
    this.bans.ban(peer, nowMs);
    if (peer.address) this.book.exclude(peer.address);
  }

  /** Near ones before far ones, then by canonical priority (BEP 40). */
  #valueOf(host: Host, address: PeerAddress | undefined): number {
    let nearness = 0;
    for (const own of this.own.hosts) nearness = Math.max(nearness, nearnessRank(host.nearnessTo(own)));
    const { endpoint } = this.own;
    const priority = endpoint ? canonicalPriority(endpoint, { host, port: address?.port ?? 0 }) : 0;
    return nearness * 2 ** 32 + priority;
  }

  /** Both ends keep the connection that the smaller id dialled, so that not both are closed. */
  #isBetter(direction: 'incoming' | 'outgoing', other: SwarmPeer): boolean {
    const smallerDials = other.peerId < this.#ownId ? 'incoming' : 'outgoing';
    return direction === smallerDials && other.direction !== smallerDials;
  }
}
