import {
  encodeMetadataMessage,
  type ExtensionHandshake,
  METADATA_EXTENSION,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  parseMetadataMessage,
  ProtocolError,
} from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { PeerExtension } from '../extensions/peer-extension.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { MetadataAssembly } from './metadata-assembly.ts';
import { isNamedBy, type MetadataIdentity } from './metadata-identity.ts';

/** The longest info dictionary that is taken from peers. */
export const METADATA_BYTES_MAX: number = 64 * 1024 * 1024;
/** Metadata of all claimed sizes together: of more, the size that fewest peers claim is given up. */
export const METADATA_HELD_BYTES_MAX: number = 2 * METADATA_BYTES_MAX;
/** Pieces of metadata that one peer has to send at a time. */
export const METADATA_REQUESTS_PER_PEER_MAX = 8;
/** A piece that is not here by then is asked of another: 16 KiB take no honest peer so long. */
export const METADATA_PIECE_TIMEOUT_MS = 8_000;
/** A piece that takes longer is asked of another peer beside the first. */
const METADATA_HELP_AFTER_MS = 1_000;
/** Requests that one peer may leave unanswered or refuse. */
export const METADATA_FAILURES_MAX = 4;

interface Source {
  readonly sizeBytes: number;
  /** Pieces that it was asked for: when. */
  readonly asked: Map<number, number>;
  failures: number;
}

export interface MetadataFetchEvents {
  /** It is here, and it is what the infohash names. */
  onInfo(infoBytes: Uint8Array): void;
  /** Nothing is to be had from this peer. */
  onUseless(peer: SwarmPeer, why: string): void;
  /** The peer is proven to have sent something else than the infohash names. */
  onLiar(peerNumber: number): void;
}

/**
 * The info dictionary from several peers at a time (BEP 9). Memory grows with what comes and not with the size that is
 * claimed; who refuses, drips or lies is left, and others are asked.
 */
export class MetadataFetch implements PeerExtension {
  readonly name: string = METADATA_EXTENSION;
  readonly id = 1;
  readonly #identity: MetadataIdentity;
  readonly #outbox: Outbox;
  readonly #events: MetadataFetchEvents;
  readonly #sources = new Map<SwarmPeer, Source>();
  readonly #assemblies = new Map<number, MetadataAssembly>();
  #isDone = false;

  constructor(options: { identity: MetadataIdentity; outbox: Outbox; events: MetadataFetchEvents }) {
    this.#identity = options.identity;
    this.#outbox = options.outbox;
    this.#events = options.events;
  }

  /** Whether the peer has what is wanted, as far as it says. */
  isSource(peer: SwarmPeer): boolean {
    return this.#sources.has(peer);
  }

  greeted(peer: SwarmPeer, { metadataSizeBytes }: ExtensionHandshake, nowMs: number): void {
    if (this.#isDone || this.#sources.has(peer) || !peer.extensionIds.has(this.name)) return;
    if (metadataSizeBytes === undefined) return;
    if (metadataSizeBytes > METADATA_BYTES_MAX) {
      this.#events.onUseless(peer, `it claims ${metadataSizeBytes} bytes, at most ${METADATA_BYTES_MAX} are taken`);
      return;
    }
    this.#sources.set(peer, { sizeBytes: metadataSizeBytes, asked: new Map(), failures: 0 });
    this.#askAll(nowMs);
  }

  /** @throws {ProtocolError} `bad_extension`, `bad_metadata` */
  received(peer: SwarmPeer, payload: Uint8Array, nowMs: number): void {
    const message = parseMetadataMessage(payload);
    if (message?.type === 'request') this.#send(peer, { type: 'reject', piece: message.piece });
    const source = this.#sources.get(peer);
    if (this.#isDone || !source || !message || message.type === 'request') return;
    const wasAsked = source.asked.delete(message.piece);
    if (message.type === 'data') {
      // What comes late was asked of another since.
      if (wasAsked) this.#take(peer, source, message);
    } else this.#failed(peer, source, 'it refuses to give metadata');
    this.#askAll(nowMs);
  }

  left(peer: SwarmPeer): void {
    const source = this.#sources.get(peer);
    if (!source) return;
    this.#sources.delete(peer);
    this.#assemblies.get(source.sizeBytes)?.leave(peer.number);
    const isClaimed = [...this.#sources.values()].some(({ sizeBytes }) => sizeBytes === source.sizeBytes);
    // What a liar alone claims is not kept when it is gone; of what has come, another such peer makes use.
    if (!isClaimed) this.#assemblies.delete(source.sizeBytes);
  }

  tick(nowMs: number): void {
    if (this.#isDone) return;
    for (const [peer, source] of this.#sources) {
      for (const [piece, askedMs] of source.asked) {
        if (nowMs - askedMs < METADATA_PIECE_TIMEOUT_MS) continue;
        source.asked.delete(piece);
        this.#assemblies.get(source.sizeBytes)?.leave(peer.number);
        this.#failed(peer, source, 'it is too slow');
      }
    }
    this.#askAll(nowMs);
  }

  #take(
    peer: SwarmPeer,
    { sizeBytes }: Source,
    { piece, bytes }: { readonly piece: number; readonly bytes: Uint8Array },
  ): void {
    const assembly = this.#assemblies.get(sizeBytes);
    if (!assembly?.takesFrom(peer.number)) return;
    if (bytes.length !== assembly.pieceBytes(piece)) {
      throw new ProtocolError(
        'bad_metadata',
        `fetch metadata: piece ${piece} has ${bytes.length} bytes, ${assembly.pieceBytes(piece)} of ${METADATA_PIECE_BYTES} are wanted`,
      );
    }
    assembly.take(piece, bytes, peer.number);
    if (assembly.isWhole) this.#judge(assembly);
    else this.#makeRoom();
  }

  #judge(assembly: MetadataAssembly): void {
    const infoBytes = assembly.joined();
    if (isNamedBy(this.#identity, infoBytes)) {
      this.#isDone = true;
      this.#assemblies.clear();
      this.#events.onInfo(infoBytes);
      return;
    }
    const { senders } = assembly;
    assembly.restartAlone();
    for (const source of this.#sources.values()) if (source.sizeBytes === assembly.sizeBytes) source.asked.clear();
    if (senders.size !== 1) return;
    for (const liar of senders) this.#events.onLiar(liar);
  }

  #failed(peer: SwarmPeer, source: Source, why: string): void {
    source.failures += 1;
    if (source.failures >= METADATA_FAILURES_MAX) this.#events.onUseless(peer, why);
  }

  #askAll(nowMs: number): void {
    if (this.#isDone) return;
    for (const [peer, source] of this.#sources) {
      const assembly = this.#assemblyOf(source.sizeBytes);
      if (assembly.takesFrom(peer.number)) this.#ask(peer, source, assembly, nowMs);
    }
  }

  #ask(peer: SwarmPeer, source: Source, assembly: MetadataAssembly, nowMs: number): void {
    while (source.asked.size < METADATA_REQUESTS_PER_PEER_MAX) {
      const piece = assembly.nextMissing(
        (each) => source.asked.has(each) || this.#isUnderWay(each, source.sizeBytes, nowMs),
      );
      if (piece === undefined) return;
      source.asked.set(piece, nowMs);
      this.#send(peer, { type: 'request', piece });
    }
  }

  /** Whether another peer was asked just now. */
  #isUnderWay(piece: number, sizeBytes: number, nowMs: number): boolean {
    for (const source of this.#sources.values()) {
      const askedMs = source.sizeBytes === sizeBytes ? source.asked.get(piece) : undefined;
      if (askedMs !== undefined && nowMs - askedMs < METADATA_HELP_AFTER_MS) return true;
    }
    return false;
  }

  #assemblyOf(sizeBytes: number): MetadataAssembly {
    const assembly = this.#assemblies.get(sizeBytes) ?? new MetadataAssembly(sizeBytes);
    this.#assemblies.set(sizeBytes, assembly);
    return assembly;
  }

  #makeRoom(): void {
    let heldBytes = 0;
    for (const assembly of this.#assemblies.values()) heldBytes += assembly.heldBytes;
    if (heldBytes <= METADATA_HELD_BYTES_MAX) return;
    const claimants = (sizeBytes: number): SwarmPeer[] =>
      [...this.#sources].filter(([, source]) => source.sizeBytes === sizeBytes).map(([peer]) => peer);
    const sizes = [...this.#assemblies.keys()].sort((a, b) => claimants(a).length - claimants(b).length || b - a);
    for (const peer of claimants(sizes[0] ?? 0)) this.#events.onUseless(peer, 'most others claim another size');
  }

  #send(peer: SwarmPeer, message: MetadataMessage): void {
    const extensionId = peer.extensionIds.get(this.name);
    if (extensionId !== undefined)
      this.#outbox.send(peer.number, { kind: 'extended', extensionId, payload: encodeMetadataMessage(message) });
  }
}
