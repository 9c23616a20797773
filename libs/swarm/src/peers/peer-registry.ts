import type { Capabilities } from '@swarmpatch/peer-wire';

import { Bitfield } from '../pieces/bitfield.ts';
import type { DisconnectReason } from '../command.ts';
import type { PeerAddress } from './peer-address.ts';
import { CONNECTIONS_MAX, PeerBook } from './peer-book.ts';
import { SwarmPeer } from './swarm-peer.ts';

/** Departed peers that can still be named for what they sent. */
const DEPARTED_MAX = 500;

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
  readonly book: PeerBook = new PeerBook();
  readonly #ownId: string;
  readonly #pieceCount: number;
  readonly #peers = new Map<number, SwarmPeer>();
  readonly #departed = new Map<number, SwarmPeer>();
  #lastNumber = 0;

  constructor(ownId: string, pieceCount: number) {
    this.#ownId = ownId;
    this.#pieceCount = pieceCount;
  }

  /** By number. */
  get peers(): ReadonlyMap<number, SwarmPeer> {
    return this.#peers;
  }

  /** Why a connection is not taken. */
  refusalOf({ peerId, address, direction }: NewPeer): DisconnectReason | undefined {
    if (peerId === this.#ownId) {
      if (address) this.book.exclude(address);
      return 'own_connection';
    }
    if (this.book.isBanned(peerId, address)) return 'sent_bad_pieces';
    const other = this.#withId(peerId);
    if (other && !this.#isBetter(direction, other)) return 'second_connection';
    return this.#peers.size >= CONNECTIONS_MAX ? 'too_many_connections' : undefined;
  }

  /** The connection that a new one takes the place of. */
  replacedBy({ peerId }: NewPeer): SwarmPeer | undefined {
    return this.#withId(peerId);
  }

  add(newPeer: NewPeer, nowMs: number): SwarmPeer {
    this.#lastNumber += 1;
    const peer = new SwarmPeer({ ...newPeer, number: this.#lastNumber, pieces: new Bitfield(this.#pieceCount), nowMs });
    this.#peers.set(peer.number, peer);
    if (peer.address) this.book.connected(peer.address);
    return peer;
  }

  remove(peer: SwarmPeer, nowMs: number): void {
    this.#peers.delete(peer.number);
    this.#departed.set(peer.number, peer);
    if (this.#departed.size > DEPARTED_MAX) {
      for (const oldest of this.#departed.keys()) {
        this.#departed.delete(oldest);
        break;
      }
    }
    if (peer.address) this.book.lost(peer.address, 'closed', nowMs);
  }

  /** A peer that is or was here is not to come again. */
  ban(number: number): void {
    const peer = this.#peers.get(number) ?? this.#departed.get(number);
    if (peer) this.book.ban(peer.address, peer.peerId);
  }

  #withId(peerId: string): SwarmPeer | undefined {
    for (const peer of this.#peers.values()) if (peer.peerId === peerId) return peer;
    return undefined;
  }

  /** Both ends keep the connection that the smaller id dialled, so that not both are closed. */
  #isBetter(direction: 'incoming' | 'outgoing', other: SwarmPeer): boolean {
    const smallerDials = other.peerId < this.#ownId ? 'incoming' : 'outgoing';
    return direction === smallerDials && other.direction !== smallerDials;
  }
}
