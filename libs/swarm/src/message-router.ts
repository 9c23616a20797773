import type { WireMessage } from '@swarmpatch/peer-wire';

import type { Extensions } from './extensions/extensions.ts';
import type { FastPieces } from './extensions/fast-pieces.ts';
import type { HashExchange } from './hashes/hash-exchange.ts';
import type { DhtPorts } from './peers/dht-ports.ts';
import { costOf } from './peers/message-cost.ts';
import type { PeerSessions } from './peers/peer-sessions.ts';
import type { SwarmPeer } from './peers/swarm-peer.ts';
import type { PieceFinish } from './pieces/piece-finish.ts';
import type { Requests } from './pieces/requests.ts';
import type { SpreadWatch } from './uploads/spread-watch.ts';
import type { SuperSeeding } from './uploads/super-seeding.ts';
import type { Unchoking } from './uploads/unchoking.ts';
import type { Uploads } from './uploads/uploads.ts';

/** Hands each message of a peer to the part that it is for. */
export class MessageRouter {
  readonly #parts: {
    readonly sessions: PeerSessions;
    readonly extensions: Extensions;
    readonly requests: Requests;
    readonly finish: PieceFinish;
    readonly uploads: Uploads;
    readonly unchoking: Unchoking;
    readonly spread: SpreadWatch;
    readonly superSeeding: SuperSeeding | undefined;
    readonly fast: FastPieces;
    readonly hashes: HashExchange;
    readonly dhtPorts: DhtPorts | undefined;
  };

  constructor(parts: {
    sessions: PeerSessions;
    extensions: Extensions;
    requests: Requests;
    finish: PieceFinish;
    uploads: Uploads;
    unchoking: Unchoking;
    spread: SpreadWatch;
    superSeeding: SuperSeeding | undefined;
    fast: FastPieces;
    hashes: HashExchange;
    dhtPorts: DhtPorts | undefined;
  }) {
    this.#parts = parts;
  }

  /** @throws {ProtocolError} when the message breaks the protocol. */
  route(peer: SwarmPeer, message: WireMessage, nowMs: number): void {
    const { sessions, extensions, requests, finish, uploads, unchoking, spread, superSeeding, fast, hashes } =
      this.#parts;
    peer.messageBudget.spend(costOf(peer, message), nowMs);
    switch (message.kind) {
      case 'choke':
        peer.isChokingUs = true;
        // With BEP 6 each request is rejected by name; without, a choke drops them all.
        if (!peer.capabilities.fast) requests.takeBackAll(peer);
        break;
      case 'unchoke':
        peer.isChokingUs = false;
        requests.hasMore(peer);
        break;
      case 'interested':
        unchoking.becameInterested(peer, nowMs);
        break;
      case 'not_interested':
        peer.isInterestedInUs = false;
        break;
      case 'have':
        sessions.hasPiece(peer, message.piece);
        spread.appeared(peer, message.piece);
        superSeeding?.appeared(peer, message.piece, nowMs);
        requests.hasMore(peer);
        break;
      case 'bitfield':
        sessions.hasBitfield(peer, message.bits);
        requests.hasMore(peer);
        break;
      case 'have_all':
      case 'have_none':
        sessions.hasAllOrNone(peer, message.kind);
        requests.hasMore(peer);
        break;
      case 'request':
        if (uploads.requested(peer, message) === 'rejected') peer.messageBudget.spend(1, nowMs);
        break;
      case 'cancel':
        uploads.cancelled(peer, message);
        break;
      case 'reject':
        if (requests.rejected(peer, message) === 'refused') sessions.hasNoMore(peer, message.piece);
        break;
      case 'block': {
        const whole = requests.received(peer, message, nowMs);
        if (whole) finish.cameFromPeers(whole);
        break;
      }
      case 'extended':
        extensions.received(peer, message, nowMs);
        requests.due(peer);
        break;
      case 'suggest':
      case 'allowed_fast':
        fast.hinted(peer, message.kind, message.piece);
        requests.hasMore(peer);
        break;
      case 'hash_request':
        hashes.requested(peer, message, nowMs);
        break;
      case 'hashes':
        hashes.received(peer, message, nowMs);
        break;
      case 'hash_reject':
        hashes.rejected(peer, message, nowMs);
        break;
      case 'port':
        this.#parts.dhtPorts?.received(peer, message.port);
        break;
      default:
    }
  }
}
