import { type Metainfo, MetainfoError, parseInfo } from '@swarmpatch/metainfo';
import { ProtocolError, type WireMessage } from '@swarmpatch/peer-wire';

import { type DisconnectReason, Outbox, type SwarmCommand } from '../command.ts';
import { Extensions, type SelfDescription } from '../extensions/extensions.ts';
import { PeerExchange } from '../extensions/peer-exchange.ts';
import type { PeerAddress } from '../peers/peer-address.ts';
import type { FoundPeer, LossCause, PeerOrigin } from '../peers/peer-book.ts';
import { type NewPeer, PeerRegistry } from '../peers/peer-registry.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { LayerFetch } from './layer-fetch.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { MetadataIdentity } from './metadata-identity.ts';

/** A peer that has given nothing for so long makes room for another. */
export const MAGNET_IDLE_MS = 20_000;
/** A hybrid does without its piece layers when nobody gives them: its v1 hashes do. */
const HYBRID_LAYERS_MS = 5_000;

/** What a search came to: the torrent, or why what the infohash names is none. */
export type MagnetOutcome = { readonly metainfo: Metainfo } | { readonly error: MetainfoError };

/** Who may name peers of a private torrent (BEP 27). */
const PRIVATE_ORIGINS: readonly PeerOrigin[] = ['named', 'found'];

/**
 * Fetches what a magnet link leaves out: the info dictionary (BEP 9), and the piece layers of a v2 torrent (BEP 52), from
 * peers alone. Driven like a `Swarm`: what happens goes in, `drain` gives what is to be done.
 */
export class MagnetSearch {
  readonly #outbox = new Outbox();
  readonly #registry: PeerRegistry;
  readonly #extensions: Extensions;
  readonly #metadata: MetadataFetch;
  readonly #lastUseMs = new Map<SwarmPeer, number>();
  /** The torrent as its info dictionary alone says it. */
  #bare: Metainfo | undefined;
  #layers: LayerFetch | undefined;
  #layersLastMs = 0;
  readonly #isPrivate: boolean;
  #outcome: MagnetOutcome | undefined;
  #nowMs = 0;

  constructor(options: {
    identity: MetadataIdentity;
    /** Of a torrent file without piece layers: these alone are fetched then. */
    known?: Metainfo | undefined;
    /** Hex of this client's peer id. */
    peerId: string;
    self: SelfDescription;
    ownHosts?: readonly string[] | undefined;
  }) {
    const outbox = this.#outbox;
    const { self, peerId, ownHosts, known } = options;
    this.#isPrivate = known?.private === true;
    this.#bare = known;
    this.#layers = known && new LayerFetch(known);
    const registry = new PeerRegistry({ ownId: peerId, pieceCount: 0, listenPort: self.listenPort, ownHosts });
    this.#registry = registry;
    this.#metadata = new MetadataFetch({
      identity: options.identity,
      outbox,
      events: {
        onInfo: (infoBytes) => {
          this.#infoCame(infoBytes);
        },
        onUseless: (peer, why) => {
          this.#disconnect(peer, 'nothing_to_exchange', why);
        },
        onLiar: (number) => {
          this.#ban(number, 'its metadata is not what the infohash names');
        },
      },
    });
    this.#extensions = new Extensions({
      self,
      outbox,
      events: {
        onAddress: (peer, address, nowMs) => {
          if (!registry.learnAddress(peer, address, nowMs))
            this.#disconnect(peer, 'sent_bad_pieces', 'its address is banned');
        },
        onOwnHost: (peer, host) => {
          registry.learnOwnHost(peer, host);
        },
      },
      wantsNothing: () => false,
      extensions: [
        ...(known ? [] : [this.#metadata]),
        ...(this.#isPrivate ? [] : [new PeerExchange({ peers: registry.peers, book: registry.book, outbox })]),
      ],
    });
  }

  get outcome(): MagnetOutcome | undefined {
    return this.#outcome;
  }

  get peerCount(): number {
    return this.#registry.peers.size;
  }

  /** Who may be asked for the torrent itself, those that were met first. Of a private torrent, just whom trackers and the user named. */
  get found(): FoundPeer[] {
    const isPrivate = this.#outcome && 'metainfo' in this.#outcome && this.#outcome.metainfo.private;
    return this.#registry.book.found(isPrivate === true ? PRIVATE_ORIGINS : undefined);
  }

  /** Of a torrent that is known to be private (BEP 27), peers from trackers and the user's own are taken, and no others. */
  peersFound(addresses: Iterable<PeerAddress>, origin: PeerOrigin, nowMs: number): void {
    if (this.#isPrivate && !PRIVATE_ORIGINS.includes(origin)) return;
    for (const address of addresses) this.#registry.book.add(address, origin, nowMs);
  }

  dialFailed(address: PeerAddress, nowMs: number): void {
    this.#registry.book.lost(address, 'unreachable', nowMs);
  }

  /** Returns the number of the peer, or why the connection is to be closed. */
  peerConnected(newPeer: NewPeer, nowMs: number): number | DisconnectReason {
    this.#nowMs = nowMs;
    const refusal = newPeer.capabilities.extensions ? this.#registry.refusalOf(newPeer, nowMs) : 'nothing_to_exchange';
    if (refusal) {
      if (newPeer.address) this.#registry.book.lost(newPeer.address, 'fruitless', nowMs);
      return refusal;
    }
    const other = this.#registry.replacedBy(newPeer, nowMs);
    if (other) this.#disconnect(other, 'second_connection', 'the other connection is kept');
    const peer = this.#registry.add(newPeer, nowMs);
    this.#lastUseMs.set(peer, nowMs);
    // BEP 6 wants that first, with nothing else said before.
    if (peer.capabilities.fast) this.#outbox.send(peer.number, { kind: 'have_none' });
    this.#extensions.greet(peer);
    return peer.number;
  }

  peerDisconnected(number: number, nowMs: number): void {
    this.#nowMs = nowMs;
    const peer = this.#registry.peers.get(number);
    if (peer) this.#lost(peer, 'closed');
  }

  /** A message of a peer. What breaks the protocol ends the connection. */
  messageReceived(number: number, message: WireMessage, nowMs: number): void {
    this.#nowMs = nowMs;
    const peer = this.#registry.peers.get(number);
    if (!peer || this.#outcome) return;
    try {
      this.#route(peer, message, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.protocolBroken(number, error, nowMs);
    }
  }

  /** The peer's bytes could not be read. */
  protocolBroken(number: number, error: ProtocolError, nowMs: number): void {
    this.#nowMs = nowMs;
    const peer = this.#registry.peers.get(number);
    if (peer) this.#disconnect(peer, 'protocol_error', error.message);
  }

  /** To be called several times a second. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#outcome) return;
    this.#extensions.tick(this.#registry.peers.values(), nowMs);
    this.#layers?.tick(nowMs);
    this.#askForLayers();
    this.#dropIdle();
    for (const address of this.#registry.book.take(this.#registry.peers.size, nowMs))
      this.#outbox.put({ kind: 'dial', address });
  }

  /** What is to be done now: dials, messages and disconnects. */
  drain(): SwarmCommand[] {
    return this.#outbox.drain();
  }

  #route(peer: SwarmPeer, message: WireMessage, nowMs: number): void {
    if (message.kind !== 'hashes') peer.messageBudget.spend(1, nowMs);
    switch (message.kind) {
      case 'extended':
        this.#extensions.received(peer, message, nowMs);
        if (this.#metadata.isSource(peer)) this.#lastUseMs.set(peer, nowMs);
        break;
      case 'hashes': {
        const result = this.#layers?.received(peer.number, message) ?? 'unknown';
        if (result === 'wrong') this.#ban(peer.number, 'its hashes do not lead to the pieces root');
        if (result === 'unknown') peer.messageBudget.spend(1, nowMs);
        if (result !== 'proven') break;
        this.#lastUseMs.set(peer, nowMs);
        this.#layersLastMs = nowMs;
        this.#askForLayers();
        break;
      }
      case 'hash_reject':
        this.#layers?.rejected(peer.number, message);
        this.#askForLayers();
        break;
      case 'hash_request':
        this.#outbox.send(peer.number, {
          ...message,
          kind: 'hash_reject',
          piecesRoot: new Uint8Array(message.piecesRoot),
        });
        break;
      default:
      // What the peer has, and whether it serves, matters once the torrent is known.
    }
  }

  #infoCame(infoBytes: Uint8Array): void {
    try {
      this.#bare = parseInfo(infoBytes);
      this.#layers = new LayerFetch(this.#bare);
      this.#layersLastMs = this.#nowMs;
      this.#askForLayers();
    } catch (error) {
      if (!(error instanceof MetainfoError)) throw error;
      this.#outcome = { error };
    }
  }

  #askForLayers(): void {
    const layers = this.#layers;
    const bare = this.#bare;
    if (!layers || !bare || this.#outcome) return;
    if (layers.isComplete) {
      this.#outcome = { metainfo: parseInfo(bare.infoBytes, { pieceLayers: layers.layers() }) };
      return;
    }
    if (bare.format === 'hybrid' && !this.#mayLayersCome()) {
      this.#outcome = { metainfo: bare };
      return;
    }
    for (const peer of this.#registry.peers.values()) {
      if (!peer.capabilities.v2) continue;
      for (const span of layers.ask(peer.number, this.#nowMs)) {
        this.#outbox.send(peer.number, { kind: 'hash_request', ...span });
      }
    }
  }

  #mayLayersCome(): boolean {
    const isPatient = this.#nowMs - this.#layersLastMs < HYBRID_LAYERS_MS;
    return isPatient && [...this.#registry.peers.values()].some(({ capabilities }) => capabilities.v2);
  }

  #dropIdle(): void {
    for (const [peer, lastUseMs] of this.#lastUseMs) {
      if (this.#nowMs - lastUseMs < MAGNET_IDLE_MS) continue;
      this.#disconnect(peer, 'nothing_to_exchange', 'it gave nothing for long');
    }
  }

  #ban(number: number, why: string): void {
    this.#registry.ban(number, this.#nowMs);
    const peer = this.#registry.peers.get(number);
    if (peer) this.#disconnect(peer, 'sent_bad_pieces', why);
  }

  #disconnect(peer: SwarmPeer, reason: DisconnectReason, detail: string): void {
    this.#outbox.put({ kind: 'disconnect', peer: peer.number, reason, detail });
    this.#lost(peer, reason === 'protocol_error' ? 'broken' : 'closed');
  }

  #lost(peer: SwarmPeer, cause: LossCause): void {
    this.#lastUseMs.delete(peer);
    this.#extensions.left(peer, cause);
    this.#layers?.left(peer.number);
    this.#registry.remove(peer, cause, this.#nowMs);
  }
}
