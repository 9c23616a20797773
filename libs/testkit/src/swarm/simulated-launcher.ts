import { type BlockSpan, messageLengthBytes, type WireMessage } from '@swarmpatch/peer-wire';
import { Bitfield, type PeerAddress, Swarm, type SwarmCommand, TokenBucket } from '@swarmpatch/swarm';

import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedOrigin } from './simulated-origin.ts';
import { SimulatedSlots } from './simulated-slots.ts';
import { Uplink } from './uplink.ts';

export interface LauncherOptions {
  /** Bytes a second of its line, upwards; downwards it is not bound. */
  readonly uplink?: number;
  readonly maxUpload?: number;
  readonly maxDownload?: number;
  /** What it starts with. */
  readonly starts?: 'empty' | 'complete' | Uint8Array;
  /** Share of the blocks it sends that are wrong. */
  readonly corruption?: number;
  readonly heldBytesMax?: number;
}

interface Link {
  readonly remote: SimulatedLauncher;
  /** This launcher's number at the remote. */
  remotePeer: number;
}

const VERIFY_MS = 2;
const WRITE_MS = 5;
const TICK_MS = 100;

/** The network as a launcher needs it. */
interface LauncherNetwork extends SimulatedNetwork {
  /** With the fast extension (BEP 6), or as in BEP 3 alone. */
  readonly capabilities: 'fast' | 'basic';
  readonly origins: readonly SimulatedOrigin[];
  dial(caller: SimulatedLauncher, address: PeerAddress): void;
}

/** One swarm engine with a simulated line, disk and hasher. Checks the engine's invariants at every step. */
export class SimulatedLauncher {
  readonly address: PeerAddress;
  readonly swarm: Swarm;
  readonly store: (Uint8Array | undefined)[];
  readonly downloadLimit: TokenBucket;
  isUp = true;
  finishedMs: number | undefined;
  startedMs: number;
  uploadedBytes = 0;
  readonly banned: string[] = [];
  readonly #network: LauncherNetwork;
  readonly #options: LauncherOptions;
  readonly #slots: SimulatedSlots;
  readonly #uplink: Uplink;
  readonly #links = new Map<number, Link>();
  readonly #random: () => number;
  #isPumping = false;
  #isPumpDue = false;

  constructor(network: LauncherNetwork, index: number, options: LauncherOptions, random: () => number) {
    const { torrent, time } = network;
    const { layout } = torrent;
    const { starts = 'empty' } = options;
    const have =
      starts === 'complete' ? Bitfield.full(layout.pieceCount).bits : starts === 'empty' ? new Uint8Array(0) : starts;
    const haveSet = new Bitfield(layout.pieceCount, have);
    this.#network = network;
    this.#options = options;
    this.#random = random;
    this.startedMs = time.nowMs;
    this.address = { host: `10.0.${index >>> 8}.${index & 255}`, port: 6881 };
    this.#slots = new SimulatedSlots(layout);
    this.#uplink = new Uplink(time, options.uplink ?? 4_000_000);
    this.store = torrent.pieces.map((data, piece) => (haveSet.has(piece) ? data : undefined));
    this.downloadLimit = new TokenBucket(options.maxDownload ?? Infinity);
    this.swarm = new Swarm({
      layout,
      have,
      slots: this.#slots,
      peerId: index.toString(16).padStart(40, '0'),
      self: { client: 'simulated', listenPort: this.address.port },
      downloadLimit: this.downloadLimit,
      uploadLimit: new TokenBucket(options.maxUpload ?? Infinity),
      webSeedCount: network.origins.length,
      heldBytesMax: options.heldBytesMax,
      random,
    });
    if (this.swarm.isComplete) this.finishedMs = time.nowMs;
    time.after(random() * TICK_MS, () => {
      this.#tick();
    });
  }

  get peerId(): string {
    return this.address.host
      .split('.')
      .slice(2)
      .reduce((sum, part) => sum * 256 + Number(part), 0)
      .toString(16)
      .padStart(40, '0');
  }

  tell(peers: readonly PeerAddress[]): void {
    if (!this.isUp) return;
    this.swarm.peersFound(peers, 'found', this.#network.time.nowMs);
    this.pump();
  }

  /** The process dies: connections break, and nothing more happens here. */
  crash(): void {
    this.isUp = false;
    for (const [peer, link] of this.#links) {
      this.#uplink.close(peer);
      this.#network.time.after(this.#network.latencyMs, () => {
        link.remote.linkBroke(link.remotePeer);
      });
    }
    this.#links.clear();
    for (const origin of this.#network.origins) origin.leave(this);
  }

  /** Takes a peer that dials, or that was dialled. Returns its number, or undefined when it is refused. */
  meet(remote: SimulatedLauncher, direction: 'incoming' | 'outgoing'): number | undefined {
    if (!this.isUp) return undefined;
    const number = this.swarm.peerConnected(
      {
        peerId: remote.peerId,
        capabilities: { extensions: true, fast: this.#network.capabilities === 'fast', v2: true },
        direction,
        host: remote.address.host,
        address: direction === 'outgoing' ? remote.address : undefined,
      },
      this.#network.time.nowMs,
    );
    if (typeof number === 'string') return undefined;
    this.#links.set(number, { remote, remotePeer: 0 });
    return number;
  }

  join(peer: number, remotePeer: number): void {
    const link = this.#links.get(peer);
    if (link) link.remotePeer = remotePeer;
  }

  linkBroke(peer: number): void {
    if (!this.isUp || !this.#links.delete(peer)) return;
    this.#uplink.close(peer);
    this.swarm.peerDisconnected(peer, this.#network.time.nowMs);
    this.pump();
  }

  receive(peer: number, message: WireMessage): void {
    if (!this.isUp || !this.#links.has(peer)) return;
    this.swarm.messageReceived(peer, message, this.#network.time.nowMs);
    this.pump();
  }

  /** Does what the engine wants, and checks it. */
  pump(): void {
    this.#isPumpDue = true;
    if (this.#isPumping || !this.isUp) return;
    this.#isPumping = true;
    while (this.#isPumpDue) {
      this.#isPumpDue = false;
      for (const command of this.swarm.drain(this.#network.time.nowMs)) this.#carryOut(command);
    }
    this.#isPumping = false;
    this.swarm.audit();
    if (this.swarm.isComplete && this.finishedMs === undefined) this.finishedMs = this.#network.time.nowMs;
  }

  #tick(): void {
    if (!this.isUp) return;
    this.swarm.tick(this.#network.time.nowMs);
    this.pump();
    this.#network.time.after(TICK_MS, () => {
      this.#tick();
    });
  }

  #carryOut(command: SwarmCommand): void {
    const { time } = this.#network;
    switch (command.kind) {
      case 'dial':
        this.#network.dial(this, command.address);
        break;
      case 'send':
        this.#send(command.peer, command.message);
        break;
      case 'upload':
        this.#upload(command.peer, command.span);
        break;
      case 'disconnect':
        this.#disconnect(command.peer, command.reason);
        break;
      case 'verify':
        time.after(VERIFY_MS, () => {
          this.#verify(command.piece);
        });
        break;
      case 'write':
        time.after(WRITE_MS, () => {
          this.#write(command.piece);
        });
        break;
      case 'fetch':
        this.#network.origins[command.webSeed]?.fetch(this, command);
        break;
      case 'shorten_fetch':
        for (const origin of this.#network.origins) origin.shorten(this, command.runId, command.endPiece);
        break;
    }
  }

  #send(peer: number, message: WireMessage, onSent?: () => void): void {
    const link = this.#links.get(peer);
    if (!link) return;
    this.#uplink.send(peer, {
      lengthBytes: messageLengthBytes(message),
      onSent: () => {
        onSent?.();
        this.#network.time.after(this.#network.latencyMs, () => {
          link.remote.receive(link.remotePeer, message);
        });
      },
    });
  }

  #upload(peer: number, span: BlockSpan): void {
    const data = this.store[span.piece];
    if (!data) throw new Error(`launcher ${this.address.host} serves piece ${span.piece}, which it does not have`);
    const bytes = new Uint8Array(span.lengthBytes);
    bytes.set(data.subarray(span.begin, span.begin + span.lengthBytes));
    if (this.#random() < (this.#options.corruption ?? 0)) bytes[0] = (bytes[0] ?? 0) ^ 0xff;
    this.#send(peer, { kind: 'block', piece: span.piece, begin: span.begin, bytes }, () => {
      if (!this.isUp) return;
      this.uploadedBytes += span.lengthBytes;
      this.swarm.uploaded(peer, span.lengthBytes, 'sent', this.#network.time.nowMs);
      this.pump();
    });
  }

  #disconnect(peer: number, reason: string): void {
    const link = this.#links.get(peer);
    if (!link) return;
    if (reason === 'sent_bad_pieces') this.banned.push(link.remote.address.host);
    if (reason === 'protocol_error')
      throw new Error(`launcher ${this.address.host} finds fault with ${link.remote.address.host}`);
    this.#links.delete(peer);
    this.#uplink.close(peer);
    this.#network.time.after(this.#network.latencyMs, () => {
      link.remote.linkBroke(link.remotePeer);
    });
  }

  #verify(piece: number): void {
    if (!this.isUp) return;
    const isGood =
      Buffer.compare(this.#slots.dataOf(piece), this.#network.torrent.pieces[piece] ?? new Uint8Array(0)) === 0;
    this.swarm.pieceVerified(piece, isGood ? 'good' : 'bad', this.#network.time.nowMs);
    this.pump();
  }

  #write(piece: number): void {
    if (!this.isUp) return;
    const data = this.#slots.dataOf(piece);
    if (Buffer.compare(data, this.#network.torrent.pieces[piece] ?? new Uint8Array(0)) !== 0) {
      throw new Error(`launcher ${this.address.host} writes a wrong piece ${piece}`);
    }
    if (this.store[piece]) throw new Error(`launcher ${this.address.host} writes piece ${piece} again`);
    this.store[piece] = data;
    this.swarm.pieceWritten(piece, this.#network.time.nowMs);
    this.pump();
  }
}
