import { ProtocolError, type WireMessage } from '@swarmpatch/peer-wire';

import { Bitfield } from './pieces/bitfield.ts';
import type { BlockLayout } from './pieces/block-layout.ts';
import { Choker } from './uploads/choker.ts';
import { type DisconnectReason, Outbox, type SwarmCommand } from './command.ts';
import { HeldPieces } from './pieces/held-pieces.ts';
import type { PeerAddress } from './peers/peer-address.ts';
import type { PeerOrigin } from './peers/peer-book.ts';
import { type NewPeer, PeerRegistry } from './peers/peer-registry.ts';
import { PeerSessions, type SelfDescription } from './peers/peer-sessions.ts';
import { Picker } from './pieces/picker.ts';
import { PieceFinish } from './pieces/piece-finish.ts';
import { PieceLedger } from './pieces/piece-ledger.ts';
import type { PieceSlots } from './ports.ts';
import { RateMeter } from './rates/rate-meter.ts';
import { Requests } from './pieces/requests.ts';
import type { SwarmPeer } from './peers/swarm-peer.ts';
import type { TokenBucket } from './rates/token-bucket.ts';
import { Uploads } from './uploads/uploads.ts';
import { WebSeedPolicy } from './web/web-seed-policy.ts';
import { WebSeeds } from './web/web-seeds.ts';

/** Memory for pieces that are not written yet. */
export const HELD_BYTES_MAX: number = 64 * 1024 * 1024;
const KEEP_ALIVE_MS = 100_000;
const SILENCE_MS_MAX = 180_000;

export interface SwarmOptions {
  readonly layout: BlockLayout;
  /** Bitfields as in BEP 3. What is had is written and verified; all is wanted unless `wanted` says less. */
  readonly have: Uint8Array;
  readonly wanted?: Uint8Array | undefined;
  readonly slots: PieceSlots;
  /** Hex of this client's peer id. */
  readonly peerId: string;
  readonly self: SelfDescription;
  readonly downloadLimit: TokenBucket;
  readonly uploadLimit: TokenBucket;
  readonly webSeedCount: number;
  readonly heldBytesMax?: number | undefined;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface SwarmStats {
  /** Verified payload, without pads. */
  readonly fromPeersBytes: number;
  readonly fromWebSeedsBytes: number;
  readonly uploadedBytes: number;
  readonly badPieces: number;
  readonly peers: number;
  readonly piecesHave: number;
  readonly piecesWantedLeft: number;
  readonly wantedLeftBytes: number;
  readonly peersBytesPerSecond: number;
  readonly webSeedsBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
}

/**
 * One torrent's swarm as this client sees it. Connections, messages, verified pieces and time go in; `drain` gives what is to
 * be done. It touches no socket, file, clock or byte of a piece.
 */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #outbox = new Outbox();
  readonly #registry: PeerRegistry;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #ledger: PieceLedger;
  readonly #held: HeldPieces;
  readonly #sessions: PeerSessions;
  readonly #requests: Requests;
  readonly #uploads: Uploads;
  readonly #choker: Choker;
  readonly #webSeeds: WebSeeds;
  readonly #policy = new WebSeedPolicy();
  readonly #finish: PieceFinish;
  readonly #received = new RateMeter();
  readonly #sent = new RateMeter();

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { layout, slots, random } = options;
    const outbox = this.#outbox;
    this.#registry = new PeerRegistry(options.peerId, layout.pieceCount);
    this.#peers = this.#registry.peers;
    const ledger = new PieceLedger({
      layout,
      have: new Bitfield(layout.pieceCount, options.have),
      wanted: options.wanted ? new Bitfield(layout.pieceCount, options.wanted) : Bitfield.full(layout.pieceCount),
      heldBytesMax: options.heldBytesMax ?? HELD_BYTES_MAX,
      random,
    });
    this.#ledger = ledger;
    this.#held = new HeldPieces(ledger, slots);
    this.#sessions = new PeerSessions({ ledger, outbox, self: options.self });
    this.#webSeeds = new WebSeeds({ ledger, outbox, random, webSeedCount: options.webSeedCount });
    this.#finish = new PieceFinish({ ledger, slots, outbox, webSeeds: this.#webSeeds });
    const picker = new Picker({
      ledger,
      random,
      webReservation: (piece) => this.#webSeeds.reservationOf(piece),
      isOnParole: (piece) => this.#finish.watch.isOnParole(piece),
      openPiece: (piece, nowMs) => {
        this.#webSeeds.pieceTakenByPeer(piece);
        return this.#held.open(piece, nowMs);
      },
      makeRoomFor: (piece, nowMs) => this.#held.makeRoomFor(piece, nowMs),
    });
    this.#requests = new Requests({
      ledger,
      slots,
      held: this.#held,
      picker,
      outbox,
      limit: options.downloadLimit,
      peers: this.#peers,
    });
    this.#uploads = new Uploads({ ledger, outbox, limit: options.uploadLimit });
    this.#choker = new Choker(random);
  }

  /** Every wanted piece is written. */
  get isComplete(): boolean {
    return this.#ledger.wantedLeft === 0;
  }

  /** Whether anyone is left who may bring something. */
  get hasSources(): boolean {
    return this.#peers.size > 0 || this.#registry.book.hasCandidates || this.#webSeeds.usableCount > 0;
  }

  get have(): Uint8Array {
    return this.#ledger.have.bits.slice();
  }

  stats(nowMs: number): SwarmStats {
    return {
      fromPeersBytes: this.#finish.fromPeersBytes,
      fromWebSeedsBytes: this.#finish.fromWebSeedsBytes,
      uploadedBytes: this.#sent.totalBytes,
      badPieces: this.#finish.badPieces,
      peers: this.#peers.size,
      piecesHave: this.#ledger.have.count,
      piecesWantedLeft: this.#ledger.wantedLeft,
      wantedLeftBytes: this.#ledger.wantedLeftBytes,
      peersBytesPerSecond: this.#received.bytesPerSecond(nowMs),
      webSeedsBytesPerSecond: this.#webSeeds.bytesPerSecond(nowMs),
      uploadBytesPerSecond: this.#sent.bytesPerSecond(nowMs),
    };
  }

  peersFound(addresses: Iterable<PeerAddress>, origin: PeerOrigin, nowMs: number): void {
    for (const address of addresses) this.#registry.book.add(address, origin, nowMs);
  }

  dialFailed(address: PeerAddress, nowMs: number): void {
    this.#registry.book.lost(address, 'unreachable', nowMs);
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  peerConnected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    const refusal = this.#registry.refusalOf(newPeer);
    if (refusal) {
      if (newPeer.address) this.#registry.book.lost(newPeer.address, 'closed', nowMs);
      return refusal;
    }
    const other = this.#registry.replacedBy(newPeer);
    if (other) this.#disconnect(other, 'second_connection', 'the other connection is kept', nowMs);
    const peer = this.#registry.add(newPeer, nowMs);
    this.#sessions.greet(peer);
    return peer.number;
  }

  peerDisconnected(number: number, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (!peer) return;
    this.#requests.takeBackAll(peer);
    this.#uploads.disconnected(peer);
    this.#sessions.left(peer);
    this.#registry.remove(peer, nowMs);
  }

  /** A message of a peer. What breaks the protocol ends the connection. */
  messageReceived(number: number, message: WireMessage, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (!peer) return;
    peer.lastHeardMs = nowMs;
    try {
      this.#handle(peer, message, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.protocolBroken(number, error, nowMs);
    }
  }

  /** The peer's bytes could not be read. */
  protocolBroken(number: number, error: ProtocolError, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (!peer) return;
    this.#disconnect(peer, 'protocol_error', error.message, nowMs);
  }

  /** A block left, or could not be sent (`lengthBytes` of the command either way). */
  uploaded(number: number, lengthBytes: number, result: 'sent' | 'failed', nowMs: number): void {
    const peer = this.#peers.get(number);
    if (!peer) return;
    this.#uploads.uploaded(peer, lengthBytes);
    if (result === 'failed') return;
    peer.sent.add(lengthBytes, nowMs);
    this.#sent.add(lengthBytes, nowMs);
  }

  pieceVerified(piece: number, result: 'good' | 'bad', nowMs: number): void {
    for (const culprit of this.#finish.verified(piece, result, nowMs)) this.#ban(culprit, piece, nowMs);
  }

  pieceWritten(piece: number, nowMs: number): void {
    this.#finish.written(piece);
    this.#sessions.announce(piece, this.#peers.values());
    if (this.#ledger.have.isFull) for (const peer of this.#peers.values()) this.#dropUseless(peer, nowMs);
  }

  /** Bytes of a run arrived. Returns how long to wait before more are read, to keep the download limit. */
  webBytesReceived(runId: number, lengthBytes: number, nowMs: number): number {
    this.#webSeeds.bytesReceived(runId, lengthBytes, nowMs);
    this.#options.downloadLimit.spend(lengthBytes, nowMs);
    return this.#options.downloadLimit.waitMs(nowMs);
  }

  /** Whether memory allows for a piece of a run to be handed over now. */
  hasRoomForWebPiece(piece: number, nowMs: number): boolean {
    return this.#held.makeRoomFor(piece, nowMs);
  }

  /** A whole piece of a run, in the run's order, pads included. */
  webPieceReceived(runId: number, piece: number, data: Uint8Array): void {
    const webSeed = this.#webSeeds.pieceReceived(runId, piece);
    if (webSeed === undefined || !this.#ledger.isNeeded(piece)) return;
    const open = this.#ledger.openPiece(piece);
    if (open) this.#requests.cancelPiece(open);
    this.#ledger.receiveWhole(piece);
    this.#finish.cameFromWebSeed(piece, webSeed, data);
  }

  webRunEnded(runId: number, nowMs: number): void {
    this.#webSeeds.ended(runId);
    if (!this.isComplete) this.#planWebSeeds(nowMs);
  }

  webRunFailed(runId: number, retryAfterMs: number | undefined, nowMs: number): void {
    this.#webSeeds.failed(runId, retryAfterMs, nowMs);
  }

  /** To be called several times a second. */
  tick(nowMs: number): void {
    this.#requests.snubSilent(nowMs);
    this.#choke(nowMs);
    this.#keepAlive(nowMs);
    for (const address of this.#registry.book.take(this.#peers.size, nowMs))
      this.#outbox.put({ kind: 'dial', address });
    if (!this.isComplete) this.#planWebSeeds(nowMs);
  }

  /** Closes every connection. */
  stop(nowMs: number): void {
    for (const peer of this.#peers.values()) this.#disconnect(peer, 'stopped', 'the transfer ends', nowMs);
  }

  /** What is to be done now. */
  drain(nowMs: number): SwarmCommand[] {
    if (!this.isComplete) for (const peer of this.#peers.values()) this.#requests.pump(peer, nowMs);
    this.#uploads.pump(nowMs);
    const commands = this.#outbox.drain();
    for (const command of commands) {
      const peer = command.kind === 'send' || command.kind === 'upload' ? this.#peers.get(command.peer) : undefined;
      if (peer) peer.lastSpokenMs = nowMs;
    }
    return commands;
  }

  /** @throws {Error} when the books do not agree; for tests. */
  audit(): void {
    this.#ledger.audit();
  }

  #handle(peer: SwarmPeer, message: WireMessage, nowMs: number): void {
    switch (message.kind) {
      case 'choke':
        peer.isChokingUs = true;
        // With BEP 6 each request is rejected by name; without, a choke drops them all.
        if (!peer.capabilities.fast) this.#requests.takeBackAll(peer);
        break;
      case 'unchoke':
        peer.isChokingUs = false;
        break;
      case 'interested':
        peer.isInterestedInUs = true;
        if (this.#choker.fillsFreeSlot(peer, this.#peers.values())) this.#unchoke(peer, nowMs);
        break;
      case 'not_interested':
        peer.isInterestedInUs = false;
        break;
      case 'have':
        this.#sessions.hasPiece(peer, message.piece);
        break;
      case 'bitfield':
        this.#sessions.hasBitfield(peer, message.bits);
        break;
      case 'have_all':
        this.#sessions.hasAll(peer);
        break;
      case 'request':
        this.#uploads.requested(peer, message);
        break;
      case 'cancel':
        this.#uploads.cancelled(peer, message);
        break;
      case 'reject':
        this.#requests.rejected(peer, message);
        break;
      case 'block':
        this.#blockReceived(peer, message, nowMs);
        break;
      case 'extended':
        this.#sessions.extended(peer, message);
        break;
      case 'hash_request':
        this.#outbox.send(peer.number, { ...message, kind: 'hash_reject', piecesRoot: message.piecesRoot.slice() });
        break;
      default:
    }
    this.#dropUseless(peer, nowMs);
  }

  #blockReceived(peer: SwarmPeer, block: Extract<WireMessage, { kind: 'block' }>, nowMs: number): void {
    this.#received.add(block.bytes.length, nowMs);
    const whole = this.#requests.received(peer, block, nowMs);
    if (whole) this.#finish.cameFromPeers(whole);
  }

  /** Two seeds have nothing to say to each other. */
  #dropUseless(peer: SwarmPeer, nowMs: number): void {
    if (peer.pieces.isFull && this.#ledger.have.isFull) {
      this.#disconnect(peer, 'nothing_to_exchange', 'both have everything', nowMs);
    }
  }

  #choke(nowMs: number): void {
    const decision = this.#choker.round([...this.#peers.values()], this.isComplete ? 'seed' : 'leecher', nowMs);
    for (const peer of decision?.unchoke ?? []) this.#unchoke(peer, nowMs);
    for (const peer of decision?.choke ?? []) {
      peer.areWeChoking = true;
      this.#outbox.send(peer.number, { kind: 'choke' });
      this.#uploads.choked(peer);
    }
  }

  #unchoke(peer: SwarmPeer, nowMs: number): void {
    peer.areWeChoking = false;
    peer.unchokedMs = nowMs;
    this.#outbox.send(peer.number, { kind: 'unchoke' });
  }

  #keepAlive(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      if (nowMs - peer.lastHeardMs > SILENCE_MS_MAX) this.#disconnect(peer, 'silent', 'nothing was heard of it', nowMs);
      else if (nowMs - peer.lastSpokenMs > KEEP_ALIVE_MS) this.#outbox.send(peer.number, { kind: 'keep_alive' });
    }
  }

  #planWebSeeds(nowMs: number): void {
    if (this.#options.webSeedCount === 0) return;
    const downloadLimitBytesPerSecond = this.#options.downloadLimit.bytesPerSecond;
    const need = this.#policy.need(
      {
        bytesPerSecond: this.#received.bytesPerSecond(nowMs),
        webSeedBytesPerSecond: this.#webSeeds.bestLastRate,
        downloadLimitBytesPerSecond,
        leftBytes: this.#ledger.wantedLeftBytes,
        havePeersAll: this.#sessions.seedCount > 0 || this.#ledger.rarity.unavailableCount === 0,
        isAllAskedFor: this.#ledger.isAllAskedFor,
      },
      nowMs,
    );
    this.#webSeeds.plan(
      { need, peerCount: this.#peers.size, seedCount: this.#sessions.seedCount, downloadLimitBytesPerSecond },
      nowMs,
    );
  }

  #disconnect(peer: SwarmPeer, reason: DisconnectReason, detail: string, nowMs: number): void {
    this.#outbox.put({ kind: 'disconnect', peer: peer.number, reason, detail });
    this.peerDisconnected(peer.number, nowMs);
    if (reason === 'nothing_to_exchange' && peer.address) this.#registry.book.lost(peer.address, 'useless', nowMs);
  }

  #ban(number: number, piece: number, nowMs: number): void {
    this.#registry.ban(number);
    for (const open of this.#ledger.openPieces) this.#ledger.forgetSender(open, number);
    const peer = this.#peers.get(number);
    if (peer) this.#disconnect(peer, 'sent_bad_pieces', `piece ${piece} does not match its hash`, nowMs);
  }
}
