import type { Metainfo, PieceRange } from '@swarmpatch/metainfo';
import { ProtocolError, type WireMessage } from '@swarmpatch/peer-wire';

import { type DisconnectReason, Outbox, type SwarmCommand } from './command.ts';
import { DontHaveExtension } from './extensions/dont-have-extension.ts';
import { Extensions } from './extensions/extensions.ts';
import { FastPieces } from './extensions/fast-pieces.ts';
import { MetadataExtension } from './extensions/metadata-extension.ts';
import { PeerExchange } from './extensions/peer-exchange.ts';
import { HashExchange } from './hashes/hash-exchange.ts';
import { MessageRouter } from './message-router.ts';
import { Connections } from './peers/connections.ts';
import { Host } from './peers/host.ts';
import type { PeerAddress } from './peers/peer-address.ts';
import type { PeerOrigin } from './peers/peer-book.ts';
import { type NewPeer, PeerRegistry } from './peers/peer-registry.ts';
import { PeerSessions } from './peers/peer-sessions.ts';
import type { SwarmPeer } from './peers/swarm-peer.ts';
import { Bitfield } from './pieces/bitfield.ts';
import { DiskPieces } from './pieces/disk-pieces.ts';
import { HeldPieces } from './pieces/held-pieces.ts';
import { Picker } from './pieces/picker.ts';
import { PieceFinish } from './pieces/piece-finish.ts';
import { PieceLedger } from './pieces/piece-ledger.ts';
import { Requests } from './pieces/requests.ts';
import { RateMeter } from './rates/rate-meter.ts';
import type { SwarmOptions, SwarmStats } from './swarm-options.ts';
import { UPLOAD_SLOTS_MAX } from './uploads/choker.ts';
import { SpreadWatch } from './uploads/spread-watch.ts';
import { SuperSeeding } from './uploads/super-seeding.ts';
import { Unchoking } from './uploads/unchoking.ts';
import { Uploads } from './uploads/uploads.ts';
import { type SourceState, SourceWatch } from './web/source-state.ts';
import { URGENT_PRIORITY } from './web/urgent-pieces.ts';
import { WebSeeding } from './web/web-seeding.ts';

/** Memory for pieces that are not written yet. */
export const HELD_BYTES_MAX: number = 64 * 1024 * 1024;

/** Who may name peers of a private torrent (BEP 27). */
const PRIVATE_ORIGINS: ReadonlySet<PeerOrigin> = new Set(['named', 'found']);

/** How often it is looked for peers that have gone silent. */
const SILENCE_CHECK_MS = 1_000;

/**
 * One torrent's swarm as this client sees it. Connections, messages, verified pieces and time go in; `drain` gives what is to
 * be done. It touches no socket, file, clock or byte of a piece.
 */
export class Swarm {
  readonly #outbox = new Outbox();
  readonly #registry: PeerRegistry;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #ledger: PieceLedger;
  readonly #held: HeldPieces;
  readonly #sessions: PeerSessions;
  readonly #extensions: Extensions;
  readonly #connections: Connections;
  readonly #requests: Requests;
  readonly #finish: PieceFinish;
  readonly #uploads: Uploads;
  readonly #unchoking: Unchoking;
  readonly #webSeeding: WebSeeding;
  readonly #router: MessageRouter;
  readonly #diskPieces: DiskPieces;
  readonly #hashes: HashExchange;
  readonly #superSeeding: SuperSeeding | undefined;
  readonly #dontHave: DontHaveExtension;
  readonly #isPrivate: boolean;
  readonly #sent = new RateMeter();
  readonly #sourceWatch = new SourceWatch();
  #priorities: Uint8Array | undefined;
  #reading: readonly PieceRange[] = [];
  readonly #lanLimits: 'exempt' | 'counted';
  #isPaused = false;
  #nextSilenceCheckMs = -Infinity;

  constructor(options: SwarmOptions) {
    const { layout, slots, random, self, downloadLimit, uploadLimit, webSeedCount, metainfo } = options;
    const outbox = this.#outbox;
    const ledger = new PieceLedger({
      layout,
      have: new Bitfield(layout.pieceCount, options.have),
      wanted: options.wanted ? new Bitfield(layout.pieceCount, options.wanted) : Bitfield.full(layout.pieceCount),
      heldBytesMax: options.heldBytesMax ?? HELD_BYTES_MAX,
      random,
    });
    const registry = new PeerRegistry({
      ownId: options.peerId,
      pieceCount: layout.pieceCount,
      listenPort: self.listenPort,
      ownHosts: options.ownHosts,
    });
    const { peers } = registry;
    const held = new HeldPieces(ledger, slots);
    const sessions = new PeerSessions({ ledger, outbox });
    const dontHave = new DontHaveExtension({ sessions, requests: () => requests, outbox });
    const extensions = new Extensions({
      self,
      outbox,
      events: {
        onAddress: (peer, address, nowMs) => {
          this.#connections.learnAddress(peer, address, nowMs);
        },
        onOwnHost: (peer, host) => {
          registry.learnOwnHost(peer, host);
        },
      },
      wantsNothing: () => ledger.wantedLeft === 0,
      extensions: [
        ...(self.infoBytes ? [new MetadataExtension(self.infoBytes, outbox)] : []),
        ...(metainfo?.private === true ? [] : [new PeerExchange({ peers, book: registry.book, outbox })]),
        dontHave,
      ],
    });
    const webSeeding = new WebSeeding({
      ledger,
      sessions,
      outbox,
      limit: downloadLimit,
      tiers: Array.from({ length: webSeedCount }, (_, index) => options.webSeedTiers?.[index] ?? 0),
      deadlineMs: options.deadlineMs,
      random,
    });
    const finish = new PieceFinish({ ledger, slots, outbox, webSeeds: webSeeding.seeds });
    const picker = new Picker({
      ledger,
      random,
      webReservation: (piece) => webSeeding.seeds.reservationOf(piece),
      isOnParole: (piece) => finish.watch.isOnParole(piece),
      openPiece: (piece, nowMs) => {
        webSeeding.seeds.pieceTakenByPeer(piece);
        return held.open(piece, nowMs);
      },
      makeRoomFor: (piece, nowMs) => held.makeRoomFor(piece, nowMs),
    });
    const requests = new Requests({ ledger, slots, held, picker, outbox, limit: downloadLimit, peers });
    const spread = new SpreadWatch({ ledger, peers, seedCount: () => sessions.seedCount });
    const fast = new FastPieces({ ledger, sessions, outbox, infohash: metainfo && infohashOf(metainfo) });
    const superSeeding =
      options.superSeed === true && ledger.have.isFull
        ? new SuperSeeding({ ledger, peers, outbox, random })
        : undefined;
    const uploads = new Uploads({ ledger, outbox, limit: uploadLimit, spread, fast, superSeeding });
    const unchoking = new Unchoking({
      random,
      outbox,
      uploads,
      peers,
      spread,
      // Whoever is told of a piece has to get it soon: nobody else will.
      slotsMin: superSeeding && UPLOAD_SLOTS_MAX,
    });
    this.#hashes = new HashExchange({
      metainfo,
      ledger,
      peers,
      outbox,
      uploadLimit,
      onLeaves: (piece, leafHashes, nowMs) => {
        for (const culprit of finish.leafHashesKnown(piece, leafHashes)) this.#connections.ban(culprit, piece, nowMs);
      },
    });
    this.#superSeeding = superSeeding;
    this.#dontHave = dontHave;
    this.#isPrivate = metainfo?.private === true;
    this.#registry = registry;
    this.#peers = peers;
    this.#ledger = ledger;
    this.#held = held;
    this.#sessions = sessions;
    this.#extensions = extensions;
    this.#webSeeding = webSeeding;
    this.#finish = finish;
    this.#requests = requests;
    this.#uploads = uploads;
    this.#unchoking = unchoking;
    this.#lanLimits = options.lanLimits ?? 'counted';
    this.#diskPieces = new DiskPieces({
      ledger,
      slots,
      held,
      requests,
      finish,
      sessions,
      peers,
    });
    this.#connections = new Connections({
      registry,
      ledger,
      sessions,
      extensions,
      requests,
      uploads,
      fast,
      hashes: this.#hashes,
      outbox,
      superSeeding,
    });
    this.#router = new MessageRouter({
      sessions,
      extensions,
      requests,
      finish,
      uploads,
      unchoking,
      spread,
      superSeeding,
      fast,
      hashes: this.#hashes,
    });
  }

  /** Every wanted piece is written. */
  get isComplete(): boolean {
    return this.#ledger.wantedLeft === 0;
  }

  /** Whether anyone is left who may bring something. */
  get hasSources(): boolean {
    return this.#peers.size > 0 || this.#registry.book.hasCandidates || this.#webSeeding.seeds.usableCount > 0;
  }

  /** Whether what is wanted comes; as of the last tick. */
  get sourceState(): SourceState {
    return this.#sourceWatch.state;
  }

  get have(): Uint8Array {
    return this.#ledger.have.bits.slice();
  }

  stats(nowMs: number): SwarmStats {
    const { fromPeersBytes, fromWebSeedsBytes } = this.#finish;
    return {
      fromPeersBytes,
      fromWebSeedsBytes,
      webSeedRawBytes: this.#webSeeding.seeds.rawBytes,
      wastedBytes: Math.max(0, this.#receivedBytes - fromPeersBytes - fromWebSeedsBytes),
      fromDiskBytes: this.#finish.fromDiskBytes,
      uploadedBytes: this.#sent.totalBytes,
      badPieces: this.#finish.badPieces,
      protocolErrors: this.#connections.protocolErrors,
      peers: this.#peers.size,
      piecesHave: this.#ledger.have.count,
      piecesWantedLeft: this.#ledger.wantedLeft,
      wantedLeftBytes: this.#ledger.wantedLeftBytes,
      peersBytesPerSecond: this.#requests.meter.bytesPerSecond(nowMs),
      webSeedsBytesPerSecond: this.#webSeeding.seeds.bytesPerSecond(nowMs),
      uploadBytesPerSecond: this.#sent.bytesPerSecond(nowMs),
    };
  }

  /** Of a private torrent (BEP 27), peers from trackers and the user's own are taken, and no others. */
  peersFound(addresses: Iterable<PeerAddress>, origin: PeerOrigin, nowMs: number): void {
    if (this.#isPrivate && !PRIVATE_ORIGINS.has(origin)) return;
    for (const address of addresses) this.#registry.book.add(address, origin, nowMs);
  }

  dialFailed(address: PeerAddress, nowMs: number): void {
    this.#registry.book.lost(address, 'unreachable', nowMs);
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  peerConnected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    const number = this.#connections.connected(newPeer, nowMs);
    const peer = typeof number === 'number' ? this.#peers.get(number) : undefined;
    if (peer) peer.isExemptFromLimits = this.#lanLimits === 'exempt' && new Host(peer.host).scope === 'local';
    return number;
  }

  peerDisconnected(number: number, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (peer) this.#connections.lost(peer, nowMs);
  }

  /** A message of a peer. What breaks the protocol ends the connection. */
  messageReceived(number: number, message: WireMessage, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (!peer) return;
    peer.lastHeardMs = nowMs;
    try {
      this.#router.route(peer, message, nowMs);
      this.#connections.dropUseless(peer, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#connections.protocolBroken(peer, error, nowMs);
    }
  }

  /** The peer's bytes could not be read. */
  protocolBroken(number: number, error: ProtocolError, nowMs: number): void {
    const peer = this.#peers.get(number);
    if (peer) this.#connections.protocolBroken(peer, error, nowMs);
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
    for (const culprit of this.#finish.verified(piece, result)) this.#connections.ban(culprit, piece, nowMs);
    if (this.#finish.watch.isOnParole(piece)) this.#hashes.failed(piece, nowMs);
  }

  /**
   * What came of a `read_leaves` command.
   *
   * @param leafHashes SHA-256 of each block, 32 bytes each; undefined when the piece could not be read.
   */
  leavesRead(piece: number, leafHashes: Uint8Array | undefined, nowMs: number): void {
    this.#hashes.leavesRead(piece, leafHashes, nowMs);
  }

  pieceWritten(piece: number, nowMs: number): void {
    this.#finish.written(piece);
    this.#isHere(piece, nowMs);
  }

  /**
   * Bytes of the piece, pads included, were found in another file on this disk: they are verified and written like any others.
   * False when the piece is not needed, or no memory is free for it now.
   */
  adoptPiece(piece: number, data: Uint8Array, nowMs: number): boolean {
    return this.#diskPieces.adopt(piece, data, nowMs);
  }

  /** The piece was put in its place and verified by other means. False when it is not needed. */
  pieceFound(piece: number, nowMs: number): boolean {
    if (!this.#diskPieces.found(piece)) return false;
    this.#isHere(piece, nowMs);
    return true;
  }

  /** The piece's bytes on disk are damaged: it is not served any more. False when it was not here. */
  pieceLost(piece: number, then: 'fetch' | 'leave'): boolean {
    if (!this.#diskPieces.lost(piece, then)) return false;
    this.#uploads.pieceLost(piece);
    this.#dontHave.tell(piece, this.#peers.values());
    return true;
  }

  /**
   * Pieces of a higher priority are fetched before all others; among equals the rarest comes first.
   *
   * @param priorities By piece, 0 to 254; undefined when all are equal. Those of `URGENT_PRIORITY` come in order, and HTTP is
   *   called in at once for what no peer is bringing of them.
   */
  setPriorities(priorities: Uint8Array | undefined): void {
    this.#priorities = priorities;
    this.#prioritise();
  }

  /** Somebody waits for these pieces right now, such as readers of a file: urgent until the next call. */
  readAhead(ranges: readonly PieceRange[]): void {
    this.#reading = ranges;
    this.#prioritise();
  }

  /** How many of the pieces from `first` on and before `end` are not written. */
  missingWithin(first: number, end: number): number {
    return this.#ledger.have.missingWithin(first, end);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Nothing is asked for or served until `resume`. Connections stay. */
  pause(): void {
    this.#isPaused = true;
    this.#requests.pause();
    this.#unchoking.pause();
    this.#webSeeding.seeds.stopAll();
  }

  resume(nowMs: number): void {
    this.#isPaused = false;
    this.#requests.resume();
    this.#unchoking.resume(nowMs);
    this.#planWebSeeds(nowMs);
  }

  /** Bytes of a run arrived. Returns how long to wait before more are read, to keep the download limit. */
  webBytesReceived(runId: number, lengthBytes: number, nowMs: number): number {
    return this.#webSeeding.bytesReceived(runId, lengthBytes, nowMs);
  }

  /** Whether memory allows for a piece of a run to be handed over now. */
  hasRoomForWebPiece(piece: number, nowMs: number): boolean {
    return this.#held.makeRoomFor(piece, nowMs);
  }

  /** A whole piece of a run, in the run's order, pads included. */
  webPieceReceived(runId: number, piece: number, data: Uint8Array): void {
    const webSeed = this.#webSeeding.seeds.pieceReceived(runId, piece);
    if (webSeed === undefined || !this.#ledger.isNeeded(piece)) return;
    const open = this.#ledger.openPiece(piece);
    if (open) this.#requests.cancelPiece(open);
    this.#ledger.receiveWhole(piece);
    this.#finish.cameFromWebSeed(piece, webSeed, data);
  }

  webRunEnded(runId: number, nowMs: number): void {
    this.#webSeeding.seeds.ended(runId);
    this.#planWebSeeds(nowMs);
  }

  webRunFailed(runId: number, retryAfterMs: number | undefined, nowMs: number): void {
    this.#webSeeding.seeds.failed(runId, retryAfterMs, nowMs);
  }

  /** To be called several times a second. */
  tick(nowMs: number): void {
    this.#checkSilence(nowMs);
    this.#unchoking.round(this.isComplete ? 'seed' : 'leecher', this.#sent.bytesPerSecond(nowMs), nowMs);
    this.#extensions.tick(this.#peers.values(), nowMs);
    this.#hashes.tick(nowMs);
    this.#superSeeding?.tick(nowMs);
    if (this.#isPaused) return;
    this.#connections.makeRoom(nowMs);
    for (const address of this.#registry.book.take(this.#peers.size, nowMs))
      this.#outbox.put({ kind: 'dial', address });
    this.#planWebSeeds(nowMs);
    this.#watchSources(nowMs);
  }

  /** Closes every connection. */
  stop(nowMs: number): void {
    this.#connections.stop(nowMs);
  }

  /** What is to be done now. */
  drain(nowMs: number): SwarmCommand[] {
    if (!this.isComplete) this.#requests.pump(nowMs);
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
    this.#requests.audit();
  }

  #prioritise(): void {
    const { pieceCount } = this.#ledger.layout;
    const priorities = this.#reading.length > 0 ? new Uint8Array(pieceCount) : this.#priorities;
    if (this.#reading.length > 0 && this.#priorities) priorities?.set(this.#priorities);
    for (const { first, end } of this.#reading) priorities?.fill(URGENT_PRIORITY, first, end);
    this.#ledger.setPriorities(priorities);
  }

  #isHere(piece: number, nowMs: number): void {
    this.#sessions.announce(piece, this.#peers.values());
    if (this.#ledger.have.isFull) for (const peer of this.#peers.values()) this.#connections.dropUseless(peer, nowMs);
  }

  #checkSilence(nowMs: number): void {
    if (nowMs < this.#nextSilenceCheckMs) return;
    this.#nextSilenceCheckMs = nowMs + SILENCE_CHECK_MS;
    this.#requests.snubSilent(nowMs);
    this.#requests.lookAgain();
    this.#connections.keepAlive(nowMs);
  }

  #planWebSeeds(nowMs: number): void {
    if (this.isComplete || this.#isPaused) return;
    const { meter } = this.#requests;
    this.#webSeeding.plan(
      {
        count: this.#peers.size,
        bytesPerSecond: meter.bytesPerSecond(nowMs),
        urgent: this.#ledger.urgent,
      },
      nowMs,
    );
  }

  #watchSources(nowMs: number): void {
    this.#sourceWatch.look(
      {
        receivedBytes: this.#receivedBytes,
        isComplete: this.isComplete,
        isBusy: this.#finish.isBusy,
        canPeersHelp: [...this.#peers.values()].some((peer) => peer.usefulPieces > 0),
        provenBad: this.#webSeeding.seeds.provenBad,
      },
      nowMs,
    );
  }

  get #receivedBytes(): number {
    return this.#requests.meter.totalBytes + this.#webSeeding.seeds.rawBytes;
  }
}

/** As peers call the torrent: 20 bytes. */
function infohashOf({ infohashV1, infohashV2 }: Metainfo): Uint8Array | undefined {
  return infohashV1 ?? infohashV2?.subarray(0, 20);
}
