import type { ProtocolError, ProtocolErrorCode } from '@swarmpatch/peer-wire';

import type { DisconnectReason, Outbox } from '../command.ts';
import type { Extensions } from '../extensions/extensions.ts';
import type { FastPieces } from '../extensions/fast-pieces.ts';
import type { HashExchange } from '../hashes/hash-exchange.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { Requests } from '../pieces/requests.ts';
import type { SuperSeeding } from '../uploads/super-seeding.ts';
import type { Uploads } from '../uploads/uploads.ts';
import type { DhtPorts } from './dht-ports.ts';
import { addressKey, type PeerAddress } from './peer-address.ts';
import { CONNECTIONS_MAX, type LossCause } from './peer-book.ts';
import type { NewPeer, PeerRegistry } from './peer-registry.ts';
import type { PeerSessions } from './peer-sessions.ts';
import type { SwarmPeer } from './swarm-peer.ts';

const KEEP_ALIVE_MS = 100_000;
const SILENCE_MS_MAX = 180_000;
/** Idle connections make room for others no faster than this. */
const ROOM_INTERVAL_MS = 10_000;

/** What an end means for whether to come back, where it is more than the end of a connection. */
const CAUSES: Partial<Record<DisconnectReason, LossCause>> = {
  protocol_error: 'broken',
  nothing_to_exchange: 'useless',
};

/** Begins and ends connections: whoever comes is greeted, and whoever goes leaves nothing behind. */
export class Connections {
  readonly #registry: PeerRegistry;
  readonly #ledger: PieceLedger;
  readonly #sessions: PeerSessions;
  readonly #extensions: Extensions;
  readonly #requests: Requests;
  readonly #uploads: Uploads;
  readonly #fast: FastPieces;
  readonly #hashes: HashExchange;
  readonly #outbox: Outbox;
  readonly #superSeeding: SuperSeeding | undefined;
  readonly #dhtPorts: DhtPorts | undefined;
  #madeRoomMs = 0;
  readonly #protocolErrors: Partial<Record<ProtocolErrorCode, number>> = {};

  constructor(options: {
    registry: PeerRegistry;
    ledger: PieceLedger;
    sessions: PeerSessions;
    extensions: Extensions;
    requests: Requests;
    uploads: Uploads;
    fast: FastPieces;
    hashes: HashExchange;
    outbox: Outbox;
    superSeeding?: SuperSeeding | undefined;
    dhtPorts?: DhtPorts | undefined;
  }) {
    this.#registry = options.registry;
    this.#ledger = options.ledger;
    this.#sessions = options.sessions;
    this.#extensions = options.extensions;
    this.#requests = options.requests;
    this.#uploads = options.uploads;
    this.#fast = options.fast;
    this.#hashes = options.hashes;
    this.#outbox = options.outbox;
    this.#superSeeding = options.superSeeding;
    this.#dhtPorts = options.dhtPorts;
  }

  /** Connections that were ended because the peer broke the protocol, by how. */
  get protocolErrors(): Readonly<Partial<Record<ProtocolErrorCode, number>>> {
    return { ...this.#protocolErrors };
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  connected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    const refusal = this.#registry.refusalOf(newPeer, nowMs);
    if (refusal) {
      this.#refused(newPeer, refusal, nowMs);
      return refusal;
    }
    const other = this.#registry.replacedBy(newPeer, nowMs);
    if (other?.peerId === newPeer.peerId) {
      this.disconnect(other, 'second_connection', 'the other connection is kept', nowMs);
    } else if (other) this.disconnect(other, 'too_many_connections', 'it was idle, and another came', nowMs);
    const peer = this.#registry.add(newPeer, nowMs);
    this.#extensions.greet(peer);
    if (this.#superSeeding) this.#superSeeding.greet(peer, nowMs);
    else {
      this.#sessions.greet(peer);
      this.#fast.offer(peer);
    }
    this.#dhtPorts?.greet(peer);
    return peer.number;
  }

  /** The connection is over. */
  lost(peer: SwarmPeer, cause: LossCause, nowMs: number): void {
    this.#requests.takeBackAll(peer);
    this.#uploads.disconnected(peer);
    this.#superSeeding?.left(peer, nowMs);
    this.#sessions.left(peer);
    this.#extensions.left(peer, cause);
    this.#fast.left(peer);
    this.#hashes.left(peer, nowMs);
    this.#registry.remove(peer, cause, nowMs);
  }

  disconnect(peer: SwarmPeer, reason: DisconnectReason, detail: string, nowMs: number): void {
    this.#outbox.put({ kind: 'disconnect', peer: peer.number, reason, detail });
    this.lost(peer, CAUSES[reason] ?? 'closed', nowMs);
  }

  protocolBroken(peer: SwarmPeer, error: ProtocolError, nowMs: number): void {
    this.#protocolErrors[error.code] = (this.#protocolErrors[error.code] ?? 0) + 1;
    this.disconnect(peer, 'protocol_error', error.message, nowMs);
  }

  /** Proven to have sent bad blocks: not to come again, and not to be trusted with what it sent besides. */
  ban(number: number, piece: number, nowMs: number): void {
    this.#registry.ban(number, nowMs);
    for (const open of this.#ledger.openPieces) this.#ledger.forgetSender(open, number);
    const peer = this.#registry.peers.get(number);
    if (peer) this.disconnect(peer, 'sent_bad_pieces', `piece ${piece} does not match its hash`, nowMs);
  }

  /** An incoming peer says where it listens. */
  learnAddress(peer: SwarmPeer, address: PeerAddress, nowMs: number): void {
    if (!this.#registry.learnAddress(peer, address, nowMs)) {
      this.disconnect(peer, 'sent_bad_pieces', 'its address is banned', nowMs);
    }
  }

  /** Two seeds have nothing to say to each other, nor have two partial ones (BEP 21). */
  dropUseless(peer: SwarmPeer, nowMs: number): void {
    if (peer.pieces.isFull && this.#ledger.have.isFull) {
      this.disconnect(peer, 'nothing_to_exchange', 'both have everything', nowMs);
    } else if (peer.isUploadOnly && this.#ledger.wantedLeft === 0) {
      this.disconnect(peer, 'nothing_to_exchange', 'neither wants anything', nowMs);
    }
  }

  /** When all connections are taken and others wait, those on which nothing moves make room, one at a time. */
  makeRoom(nowMs: number): void {
    const { peers, book } = this.#registry;
    if (peers.size < CONNECTIONS_MAX || nowMs - this.#madeRoomMs < ROOM_INTERVAL_MS || !book.hasDue(nowMs)) return;
    this.#madeRoomMs = nowMs;
    const idle = this.#registry.idlePeer(nowMs);
    if (idle) this.disconnect(idle, 'too_many_connections', 'it was idle, and others wait', nowMs);
  }

  keepAlive(nowMs: number): void {
    for (const peer of this.#registry.peers.values()) {
      if (nowMs - peer.lastHeardMs > SILENCE_MS_MAX) this.disconnect(peer, 'silent', 'nothing was heard of it', nowMs);
      else if (nowMs - peer.lastSpokenMs > KEEP_ALIVE_MS) this.#outbox.send(peer.number, { kind: 'keep_alive' });
    }
  }

  stop(nowMs: number): void {
    for (const peer of this.#registry.peers.values()) this.disconnect(peer, 'stopped', 'the transfer ends', nowMs);
  }

  #refused({ peerId, address }: NewPeer, refusal: DisconnectReason, nowMs: number): void {
    if (!address) return;
    const other = refusal === 'second_connection' ? this.#registry.withId(peerId) : undefined;
    // Whom we dialled is here already: now it is known where that peer listens.
    if (other && other.address === undefined) this.#registry.learnAddress(other, address, nowMs);
    if (other && other.address && addressKey(other.address) === addressKey(address)) {
      this.#registry.book.connected(address);
    } else this.#registry.book.lost(address, 'useless', nowMs);
  }
}
