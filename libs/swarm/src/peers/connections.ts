import type { ProtocolError } from '@swarmpatch/peer-wire';

import type { DisconnectReason, Outbox } from '../command.ts';
import type { Extensions } from '../extensions/extensions.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { Requests } from '../pieces/requests.ts';
import type { Uploads } from '../uploads/uploads.ts';
import type { NewPeer, PeerRegistry } from './peer-registry.ts';
import type { PeerSessions } from './peer-sessions.ts';
import type { SwarmPeer } from './swarm-peer.ts';

const KEEP_ALIVE_MS = 100_000;
const SILENCE_MS_MAX = 180_000;

/** Begins and ends connections: whoever comes is greeted, and whoever goes leaves nothing behind. */
export class Connections {
  readonly #registry: PeerRegistry;
  readonly #ledger: PieceLedger;
  readonly #sessions: PeerSessions;
  readonly #extensions: Extensions;
  readonly #requests: Requests;
  readonly #uploads: Uploads;
  readonly #outbox: Outbox;

  constructor(options: {
    registry: PeerRegistry;
    ledger: PieceLedger;
    sessions: PeerSessions;
    extensions: Extensions;
    requests: Requests;
    uploads: Uploads;
    outbox: Outbox;
  }) {
    this.#registry = options.registry;
    this.#ledger = options.ledger;
    this.#sessions = options.sessions;
    this.#extensions = options.extensions;
    this.#requests = options.requests;
    this.#uploads = options.uploads;
    this.#outbox = options.outbox;
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  connected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    const refusal = this.#registry.refusalOf(newPeer);
    if (refusal) {
      if (newPeer.address) this.#registry.book.lost(newPeer.address, 'closed', nowMs);
      return refusal;
    }
    const other = this.#registry.replacedBy(newPeer);
    if (other) this.disconnect(other, 'second_connection', 'the other connection is kept', nowMs);
    const peer = this.#registry.add(newPeer, nowMs);
    this.#extensions.greet(peer);
    this.#sessions.greet(peer);
    return peer.number;
  }

  /** The connection is over. */
  lost(peer: SwarmPeer, nowMs: number): void {
    this.#requests.takeBackAll(peer);
    this.#uploads.disconnected(peer);
    this.#sessions.left(peer);
    this.#registry.remove(peer, nowMs);
  }

  disconnect(peer: SwarmPeer, reason: DisconnectReason, detail: string, nowMs: number): void {
    this.#outbox.put({ kind: 'disconnect', peer: peer.number, reason, detail });
    this.lost(peer, nowMs);
    if (reason === 'nothing_to_exchange' && peer.address) this.#registry.book.lost(peer.address, 'useless', nowMs);
  }

  protocolBroken(peer: SwarmPeer, error: ProtocolError, nowMs: number): void {
    this.disconnect(peer, 'protocol_error', error.message, nowMs);
  }

  /** Proven to have sent bad blocks: not to come again, and not to be trusted with what it sent besides. */
  ban(number: number, piece: number, nowMs: number): void {
    this.#registry.ban(number);
    for (const open of this.#ledger.openPieces) this.#ledger.forgetSender(open, number);
    const peer = this.#registry.peers.get(number);
    if (peer) this.disconnect(peer, 'sent_bad_pieces', `piece ${piece} does not match its hash`, nowMs);
  }

  /** Two seeds have nothing to say to each other. */
  dropUseless(peer: SwarmPeer, nowMs: number): void {
    if (peer.pieces.isFull && this.#ledger.have.isFull) {
      this.disconnect(peer, 'nothing_to_exchange', 'both have everything', nowMs);
    }
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
}
