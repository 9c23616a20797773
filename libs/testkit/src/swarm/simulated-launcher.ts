import type { BlockSpan, Capabilities, WireMessage } from '@swarmpatch/peer-wire';
import { Bitfield, CONNECTIONS_MAX, type PeerAddress, Swarm, type SwarmCommand, TokenBucket } from '@swarmpatch/swarm';

import { Downlink } from './downlink.ts';
import { LauncherChecks } from './launcher-checks.ts';
import type { Conduct, LauncherOptions } from './launcher-options.ts';
import { Link, type LinkEnd } from './link.ts';
import { latencyMs } from './place.ts';
import type { LauncherNetwork } from './simulated-network.ts';
import type { SimulatedOrigin } from './simulated-origin.ts';
import { SimulatedSlots } from './simulated-slots.ts';
import { Lane, Uplink } from './uplink.ts';

const VERIFY_MS = 2;
const WRITE_MS = 5;
const UPLINK_BYTES_PER_SECOND = 4_000_000;

type Network = LauncherNetwork<SimulatedLauncher, SimulatedOrigin>;

/** One swarm engine with a simulated line, disk and hasher. Checks the engine's invariants as it goes. */
export class SimulatedLauncher implements LinkEnd {
  readonly number: number;
  readonly address: PeerAddress;
  readonly peerId: string;
  readonly swarm: Swarm;
  readonly downloadLimit: TokenBucket;
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  readonly options: LauncherOptions;
  isUp = true;
  finishedMs: number | undefined;
  startedMs: number;
  uploadedBytes = 0;
  uploadedBlocks = 0;
  onFinished: (() => void) | undefined;
  readonly banned: string[] = [];
  /** DHT nodes that peers named. */
  readonly dhtNodes: PeerAddress[] = [];
  readonly #network: Network;
  readonly #slots: SimulatedSlots;
  /** Pieces on its disk. */
  readonly #written: Bitfield;
  readonly #links = new Map<number, Link<SimulatedLauncher>>();
  readonly #random: () => number;
  readonly #checks: LauncherChecks;
  #isPumping = false;
  #isPumpDue = false;
  #isPumpPlanned = false;

  constructor(network: Network, number: number, options: LauncherOptions, random: () => number) {
    const { torrent, time } = network;
    const { layout } = torrent;
    this.#network = network;
    this.number = number;
    this.#random = random;
    this.options = options;
    this.startedMs = time.nowMs;
    this.address = { host: `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`, port: 6881 };
    this.peerId = number.toString(16).padStart(40, '0');
    this.#slots = new SimulatedSlots(layout);
    this.uplink = new Uplink(time, options.uplink ?? UPLINK_BYTES_PER_SECOND);
    this.downlink = new Downlink(time, options.downlink ?? Infinity);
    const { starts = 'empty' } = options;
    this.#written = starts === 'complete' ? Bitfield.full(layout.pieceCount) : new Bitfield(layout.pieceCount);
    if (typeof starts === 'object') this.#written = new Bitfield(layout.pieceCount, starts);
    const claimsAll = this.conduct === 'lacks_pieces' || this.conduct === 'silent';
    this.downloadLimit = new TokenBucket(options.maxDownload ?? Infinity);
    this.swarm = new Swarm({
      layout,
      have: claimsAll ? Bitfield.full(layout.pieceCount).bits : this.#written.bits,
      slots: this.#slots,
      peerId: this.peerId,
      self: { client: 'simulated', listenPort: this.address.port },
      downloadLimit: this.downloadLimit,
      uploadLimit: new TokenBucket(options.maxUpload ?? Infinity),
      webSeedCount: network.origins.length,
      deadlineMs: options.deadlineMs === undefined ? undefined : time.nowMs + options.deadlineMs,
      heldBytesMax: options.heldBytesMax,
      superSeed: options.superSeed,
      random,
    });
    this.#checks = new LauncherChecks({
      swarm: this.swarm,
      slots: this.#slots,
      layout,
      options,
      auditEvery: network.auditEvery,
      broken: (invariant, detail) => network.broken(invariant, `launcher ${this.address.host}: ${detail}`),
    });
    if (options.dhtPort !== undefined) this.swarm.dhtStarted({ ipv4: options.dhtPort });
    if (this.swarm.isComplete) this.finishedMs = time.nowMs;
    time.after(random() * network.tickMs, () => {
      this.#tick();
    });
  }

  get conduct(): Conduct {
    return this.options.conduct ?? 'honest';
  }

  /** As in BEP 3: with what a restart begins. */
  get written(): Uint8Array {
    return this.#written.bits.slice();
  }

  /** What a tracker answers. */
  tell(peers: readonly PeerAddress[], leechers: number): void {
    if (!this.isUp) return;
    this.swarm.leechersCounted(leechers, this.#network.time.nowMs);
    this.swarm.peersFound(peers, 'found', this.#network.time.nowMs);
    this.#pumpSoon();
  }

  /** The process dies: connections break, and nothing more happens here. */
  crash(): void {
    this.isUp = false;
    for (const link of this.#links.values()) link.break();
    this.#links.clear();
    for (const origin of this.#network.origins) origin.leave(this);
    this.#network.settled(this);
  }

  /** Ends in good order. */
  leave(): void {
    if (!this.isUp) return;
    this.swarm.stop(this.#network.time.nowMs);
    this.pump();
    this.crash();
  }

  /** Takes a peer that dials, or that was dialled. Returns its number, or undefined when it is refused. */
  meet(remote: SimulatedLauncher, direction: 'incoming' | 'outgoing'): number | undefined {
    if (!this.isUp) return undefined;
    const { time } = this.#network;
    const peer = this.swarm.peerConnected(
      {
        peerId: remote.peerId,
        capabilities: this.#capabilitiesWith(remote),
        direction,
        host: remote.address.host,
        address: direction === 'outgoing' ? remote.address : undefined,
      },
      time.nowMs,
    );
    this.#pumpSoon();
    if (typeof peer === 'string') return undefined;
    const awayMs = this.latencyMsTo(remote);
    this.#links.set(peer, new Link(time, remote, new Lane(time, this.uplink, remote.downlink, awayMs), awayMs));
    return peer;
  }

  #capabilitiesWith(remote: SimulatedLauncher): Capabilities {
    const { capabilities, peerExchange } = this.#network;
    const isBasic = this.options.capabilities === 'basic' || remote.options.capabilities === 'basic';
    const dht = this.options.dhtPort !== undefined && remote.options.dhtPort !== undefined;
    return { extensions: peerExchange === 'on' && !isBasic, fast: capabilities === 'fast' && !isBasic, v2: true, dht };
  }

  join(peer: number, remotePeer: number): void {
    const link = this.#links.get(peer);
    if (link) link.remotePeer = remotePeer;
  }

  linkBroke(peer: number): void {
    const link = this.#links.get(peer);
    if (!this.isUp || !link) return;
    this.#links.delete(peer);
    link.close();
    this.swarm.peerDisconnected(peer, this.#network.time.nowMs);
    this.#pumpSoon();
  }

  receive(peer: number, messages: readonly WireMessage[]): void {
    if (!this.isUp) return;
    const { nowMs } = this.#network.time;
    for (const message of messages) {
      if (message.kind === 'block') this.#checks.downloaded(message.bytes.length, nowMs);
      this.swarm.messageReceived(peer, message, nowMs);
    }
    this.#pumpSoon();
  }

  /** Bytes of a web seed. Returns how long to wait before more are read. */
  webBytesReceived(runId: number, lengthBytes: number): number {
    const { nowMs } = this.#network.time;
    this.#checks.downloaded(lengthBytes, nowMs);
    return this.swarm.webBytesReceived(runId, lengthBytes, nowMs);
  }

  /** One way. */
  latencyMsTo(remote: SimulatedLauncher): number {
    const { place } = this.options;
    return place && remote.options.place ? latencyMs(place, remote.options.place) : this.#network.latencyMs;
  }

  /** Does what the engine wants. */
  pump(): void {
    this.#isPumpDue = true;
    if (this.#isPumping || !this.isUp) return;
    this.#isPumping = true;
    while (this.#isPumpDue) {
      this.#isPumpDue = false;
      for (const command of this.swarm.drain(this.#network.time.nowMs)) this.#carryOut(command);
    }
    this.#isPumping = false;
    this.#checks.turn();
    this.#checks.connections(this.#links.size, CONNECTIONS_MAX);
    if (!this.swarm.isComplete || this.finishedMs !== undefined) return;
    this.finishedMs = this.#network.time.nowMs;
    this.#checks.finished(this.finishedMs);
    this.#network.digest.add(this.number, this.finishedMs, this.uploadedBytes);
    this.#network.settled(this);
    this.onFinished?.();
  }

  /** Once for all that happens in this millisecond. */
  #pumpSoon(): void {
    if (this.#isPumpPlanned) return;
    this.#isPumpPlanned = true;
    this.#network.time.atEndOfNow(() => {
      this.#isPumpPlanned = false;
      this.pump();
    });
  }

  #tick(): void {
    if (!this.isUp) return;
    const { time, tickMs } = this.#network;
    this.swarm.tick(time.nowMs);
    this.pump();
    time.after(tickMs, () => {
      this.#tick();
    });
  }

  #carryOut(command: SwarmCommand): void {
    const { time } = this.#network;
    switch (command.kind) {
      case 'dial':
        this.#network.dial(this, command.address);
        break;
      case 'dht_node':
        this.dhtNodes.push(command.address);
        break;
      case 'send':
        if (this.conduct !== 'free_rides' || command.message.kind !== 'unchoke')
          this.#links.get(command.peer)?.send(command.message);
        break;
      case 'upload':
        this.#upload(command.peer, command.span);
        break;
      case 'disconnect':
        this.#disconnect(command.peer, command.reason, command.detail);
        break;
      case 'verify':
        time.after(VERIFY_MS, () => {
          this.#verify(command.piece);
        });
        break;
      case 'write':
        this.#checks.write(command.piece);
        time.after(WRITE_MS, () => {
          this.#write(command.piece);
        });
        break;
      case 'fetch':
        this.#network.origins[command.webSeed]?.fetch(this, command);
        break;
      case 'read_leaves':
        this.swarm.leavesRead(command.piece, undefined, time.nowMs);
        break;
      case 'shorten_fetch':
        for (const origin of this.#network.origins) origin.shorten(this, command.runId, command.endPiece);
        break;
    }
  }

  #upload(peer: number, span: BlockSpan): void {
    const { nowMs } = this.#network.time;
    const link = this.#links.get(peer);
    if (!link) return;
    if (this.conduct === 'silent') return;
    if (this.conduct === 'lacks_pieces' || this.conduct === 'free_rides') {
      link.send({ kind: 'reject', piece: span.piece, begin: span.begin, lengthBytes: span.lengthBytes });
      this.swarm.uploaded(peer, span.lengthBytes, 'failed', nowMs);
      return;
    }
    this.#checks.upload(span, this.#written, nowMs);
    const isBad = this.#random() < (this.options.corruption ?? 0);
    link.sendBlock(span, this.#network.torrent.block(span, isBad ? 'bad' : 'good'), () => {
      if (!this.isUp) return;
      this.uploadedBytes += span.lengthBytes;
      this.uploadedBlocks += 1;
      this.swarm.uploaded(peer, span.lengthBytes, 'sent', this.#network.time.nowMs);
      this.#pumpSoon();
    });
  }

  #disconnect(peer: number, reason: string, detail: string): void {
    const link = this.#links.get(peer);
    if (!link) return;
    const { host } = link.remote.address;
    if (reason === 'sent_bad_pieces') this.banned.push(host);
    const isAccused = reason === 'sent_bad_pieces' || reason === 'protocol_error';
    if (isAccused && this.conduct === 'honest' && !this.#network.isLiar(host))
      this.#network.broken('the_honest_are_trusted', `launcher ${this.address.host} says of ${host}: ${detail}`);
    this.#links.delete(peer);
    link.break();
  }

  #verify(piece: number): void {
    if (!this.isUp) return;
    const result = this.#slots.isGood(piece) ? 'good' : 'bad';
    this.#checks.verified(piece, result);
    this.swarm.pieceVerified(piece, result, this.#network.time.nowMs);
    this.#pumpSoon();
  }

  #write(piece: number): void {
    if (!this.isUp) return;
    const { time, digest } = this.#network;
    this.#checks.written(piece, this.#written);
    this.#written.add(piece);
    digest.add(this.number, piece, time.nowMs);
    this.swarm.pieceWritten(piece, time.nowMs);
    this.#pumpSoon();
  }
}
