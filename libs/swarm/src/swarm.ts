import type { PieceRange } from '@swarmpatch/metainfo';
import { ProtocolError, type WireMessage } from '@swarmpatch/peer-wire';

import { type DisconnectReason, Outbox, type SwarmCommand } from './command.ts';
import type { OwnDhtPorts } from './peers/dht-ports.ts';
import { Host } from './peers/host.ts';
import type { PeerAddress } from './peers/peer-address.ts';
import type { PeerOrigin } from './peers/peer-book.ts';
import { type NewPeer } from './peers/peer-registry.ts';
import { auditPieces } from './pieces/piece-audit.ts';
import { Priorities } from './pieces/priorities.ts';
import { RateMeter } from './rates/rate-meter.ts';
import type { SwarmOptions, SwarmStats } from './swarm-options.ts';
import { assembleParts, type SwarmParts } from './swarm-parts.ts';
import { statsOf } from './swarm-stats.ts';
import { Upkeep } from './upkeep.ts';
import type { SourceState } from './web/source-state.ts';

/** Who may name peers of a private torrent (BEP 27). */
const PRIVATE_ORIGINS: ReadonlySet<PeerOrigin> = new Set(['named', 'found']);

/**
 * One torrent's swarm as this client sees it. Connections, messages, verified pieces and time go in; `drain` gives what is to
 * be done. It touches no socket, file, clock or byte of a piece.
 */
export class Swarm {
  readonly #outbox = new Outbox();
  readonly #parts: SwarmParts;
  readonly #isPrivate: boolean;
  readonly #sent = new RateMeter();
  readonly #upkeep: Upkeep;
  readonly #priorities: Priorities;
  readonly #lanLimits: 'exempt' | 'counted';

  constructor(options: SwarmOptions) {
    this.#parts = assembleParts(options, this.#outbox);
    this.#upkeep = new Upkeep({ parts: this.#parts, outbox: this.#outbox, sent: this.#sent });
    this.#priorities = new Priorities(this.#parts.ledger);
    this.#isPrivate = options.metainfo?.private === true;
    this.#lanLimits = options.lanLimits ?? 'counted';
  }

  /** Every wanted piece is written. */
  get isComplete(): boolean {
    return this.#parts.ledger.wantedLeft === 0;
  }

  /** Whether anyone is left who may bring something. */
  get hasSources(): boolean {
    return (
      this.#parts.peers.size > 0 ||
      this.#parts.registry.book.hasCandidates ||
      this.#parts.webSeeding.seeds.usableCount > 0
    );
  }

  /** Whether what is wanted comes; as of the last tick. */
  get sourceState(): SourceState {
    return this.#upkeep.sourceState;
  }

  get have(): Uint8Array {
    return this.#parts.ledger.have.bits.slice();
  }

  stats(nowMs: number): SwarmStats {
    return statsOf(this.#parts, this.#sent, nowMs);
  }

  /** Of a private torrent (BEP 27), peers from trackers and the user's own are taken, and no others. */
  peersFound(addresses: Iterable<PeerAddress>, origin: PeerOrigin, nowMs: number): void {
    if (this.#isPrivate && !PRIVATE_ORIGINS.has(origin)) return;
    for (const address of addresses) this.#parts.registry.book.add(address, origin, nowMs);
  }

  /** This client's DHT nodes answer there from now on: peers that have one are told (BEP 5). */
  dhtStarted(ports: OwnDhtPorts): void {
    this.#parts.dhtPorts?.started(ports);
  }

  /** A tracker's count of those who lack pieces, this client included: peers that are connected are a part of them only. */
  leechersCounted(count: number, nowMs: number): void {
    this.#parts.webSeeding.leechersCounted(count, nowMs);
  }

  dialFailed(address: PeerAddress, nowMs: number): void {
    this.#parts.registry.book.lost(address, 'unreachable', nowMs);
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  peerConnected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    const number = this.#parts.connections.connected(newPeer, nowMs);
    const peer = typeof number === 'number' ? this.#parts.peers.get(number) : undefined;
    if (peer) peer.isExemptFromLimits = this.#lanLimits === 'exempt' && new Host(peer.host).scope === 'local';
    return number;
  }

  peerDisconnected(number: number, nowMs: number): void {
    const peer = this.#parts.peers.get(number);
    if (peer) this.#parts.connections.lost(peer, 'closed', nowMs);
  }

  /** A message of a peer. What breaks the protocol ends the connection. */
  messageReceived(number: number, message: WireMessage, nowMs: number): void {
    const peer = this.#parts.peers.get(number);
    if (!peer) return;
    peer.lastHeardMs = nowMs;
    try {
      this.#parts.router.route(peer, message, nowMs);
      this.#parts.connections.dropUseless(peer, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#parts.connections.protocolBroken(peer, error, nowMs);
    }
  }

  /** The peer's bytes could not be read. */
  protocolBroken(number: number, error: ProtocolError, nowMs: number): void {
    const peer = this.#parts.peers.get(number);
    if (peer) this.#parts.connections.protocolBroken(peer, error, nowMs);
  }

  /** A block left, or could not be sent (`lengthBytes` of the command either way). */
  uploaded(number: number, lengthBytes: number, result: 'sent' | 'failed', nowMs: number): void {
    const peer = this.#parts.peers.get(number);
    if (!peer) return;
    this.#parts.uploads.uploaded(peer, lengthBytes);
    if (result === 'failed') return;
    peer.sent.add(lengthBytes, nowMs);
    this.#sent.add(lengthBytes, nowMs);
  }

  pieceVerified(piece: number, result: 'good' | 'bad', nowMs: number): void {
    for (const culprit of this.#parts.finish.verified(piece, result))
      this.#parts.connections.ban(culprit, piece, nowMs);
    if (this.#parts.finish.watch.isOnParole(piece)) this.#parts.hashes.failed(piece, nowMs);
  }

  /**
   * What came of a `read_leaves` command.
   *
   * @param leafHashes SHA-256 of each block, 32 bytes each; undefined when the piece could not be read.
   */
  leavesRead(piece: number, leafHashes: Uint8Array | undefined, nowMs: number): void {
    this.#parts.hashes.leavesRead(piece, leafHashes, nowMs);
  }

  pieceWritten(piece: number, nowMs: number): void {
    this.#parts.finish.written(piece);
    this.#isHere(piece, nowMs);
  }

  /**
   * Bytes of the piece, pads included, were found in another file on this disk: they are verified and written like any others.
   * False when the piece is not needed, or no memory is free for it now.
   */
  adoptPiece(piece: number, data: Uint8Array, nowMs: number): boolean {
    return this.#parts.diskPieces.adopt(piece, data, nowMs);
  }

  /** The piece was put in its place and verified by other means. False when it is not needed. */
  pieceFound(piece: number, nowMs: number): boolean {
    if (!this.#parts.diskPieces.found(piece)) return false;
    this.#isHere(piece, nowMs);
    return true;
  }

  /** The piece's bytes on disk are damaged: it is not served any more. False when it was not here. */
  pieceLost(piece: number, then: 'fetch' | 'leave'): boolean {
    if (!this.#parts.diskPieces.lost(piece, then)) return false;
    this.#parts.uploads.pieceLost(piece);
    this.#parts.dontHave.tell(piece, this.#parts.peers.values());
    return true;
  }

  /**
   * Pieces of a higher priority are fetched before all others; among equals the rarest comes first.
   *
   * @param priorities By piece, 0 to 254; undefined when all are equal. Those of `URGENT_PRIORITY` come in order, and HTTP is
   *   called in at once for what no peer is bringing of them.
   */
  setPriorities(priorities: Uint8Array | undefined): void {
    this.#priorities.choose(priorities);
  }

  /** Somebody waits for these pieces right now, such as readers of a file: urgent until the next call. */
  readAhead(ranges: readonly PieceRange[]): void {
    this.#priorities.readAhead(ranges);
  }

  /**
   * Another torrent on this disk brings these pieces: nobody is asked for them until the next call, unless somebody waits for
   * them right now.
   */
  leaveToOthers(ranges: readonly PieceRange[]): void {
    this.#parts.ledger.leaveToOthers(ranges);
  }

  /** How many of the pieces from `first` on and before `end` are not written. */
  missingWithin(first: number, end: number): number {
    return this.#parts.ledger.have.missingWithin(first, end);
  }

  get isPaused(): boolean {
    return this.#upkeep.isPaused;
  }

  /** Nothing is asked for or served until `resume`. Connections stay. */
  pause(): void {
    this.#upkeep.isPaused = true;
    this.#parts.requests.pause();
    this.#parts.unchoking.pause();
    this.#parts.webSeeding.seeds.stopAll();
  }

  resume(nowMs: number): void {
    this.#upkeep.isPaused = false;
    this.#parts.requests.resume();
    this.#parts.unchoking.resume(nowMs);
    this.#upkeep.planWebSeeds(nowMs);
  }

  /** Bytes of a run arrived. Returns how long to wait before more are read, to keep the download limit. */
  webBytesReceived(runId: number, lengthBytes: number, nowMs: number): number {
    return this.#parts.webSeeding.bytesReceived(runId, lengthBytes, nowMs);
  }

  /** Whether memory allows for a piece of a run to be handed over now. */
  hasRoomForWebPiece(piece: number, nowMs: number): boolean {
    return this.#parts.held.makeRoomFor(piece, nowMs);
  }

  /** A whole piece of a run, in the run's order, pads included. */
  webPieceReceived(runId: number, piece: number, data: Uint8Array): void {
    const webSeed = this.#parts.webSeeding.seeds.pieceReceived(runId, piece);
    if (webSeed === undefined || !this.#parts.ledger.isNeeded(piece)) return;
    const open = this.#parts.ledger.openPiece(piece);
    if (open) this.#parts.requests.cancelPiece(open);
    this.#parts.ledger.receiveWhole(piece);
    this.#parts.finish.cameFromWebSeed(piece, webSeed, data);
  }

  webRunEnded(runId: number, nowMs: number): void {
    this.#parts.webSeeding.seeds.ended(runId);
    this.#upkeep.planWebSeeds(nowMs);
  }

  webRunFailed(runId: number, retryAfterMs: number | undefined, nowMs: number): void {
    this.#parts.webSeeding.seeds.failed(runId, retryAfterMs, nowMs);
  }

  /** To be called several times a second. */
  tick(nowMs: number): void {
    this.#upkeep.tick(nowMs);
  }

  /** Closes every connection. */
  stop(nowMs: number): void {
    this.#parts.connections.stop(nowMs);
  }

  /** What is to be done now. */
  drain(nowMs: number): SwarmCommand[] {
    if (!this.isComplete) this.#parts.requests.pump(nowMs);
    this.#parts.uploads.pump(nowMs);
    const commands = this.#outbox.drain();
    for (const command of commands) {
      const peer =
        command.kind === 'send' || command.kind === 'upload' ? this.#parts.peers.get(command.peer) : undefined;
      if (peer) peer.lastSpokenMs = nowMs;
    }
    return commands;
  }

  /** @throws {Error} when the books do not agree; for tests. */
  audit(): void {
    auditPieces(this.#parts.ledger);
    this.#parts.requests.audit();
  }

  #isHere(piece: number, nowMs: number): void {
    this.#parts.sessions.announce(piece, this.#parts.peers.values());
    if (this.#parts.ledger.have.isFull)
      for (const peer of this.#parts.peers.values()) this.#parts.connections.dropUseless(peer, nowMs);
  }
}
