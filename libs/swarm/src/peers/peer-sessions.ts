import {
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  METADATA_EXTENSION,
  parseExtensionHandshake,
  ProtocolError,
  type WireMessage,
} from '@swarmpatch/peer-wire';

import { Bitfield, isValidBitfield } from '../pieces/bitfield.ts';
import type { Outbox } from '../command.ts';
import { answerMetadataRequest } from '../extensions/metadata-server.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { SwarmPeer } from './swarm-peer.ts';
import { REQUESTS_QUEUED_MAX } from '../uploads/uploads.ts';

/** The id under which this client takes metadata messages. */
const METADATA_ID = 1;

/** What this client says of itself. */
export interface SelfDescription {
  readonly client: string;
  readonly listenPort?: number | undefined;
  /** The info dictionary, to be given to peers that come from a magnet link. */
  readonly infoBytes?: Uint8Array | undefined;
}

/** What each peer has, and what follows from it: availability, interest and who is told of a new piece. */
export class PeerSessions {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #self: SelfDescription;
  #seedCount = 0;

  constructor(options: { ledger: PieceLedger; outbox: Outbox; self: SelfDescription }) {
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
    this.#self = options.self;
  }

  /** Peers that have every piece; the rarity order does not count them. */
  get seedCount(): number {
    return this.#seedCount;
  }

  greet(peer: SwarmPeer): void {
    const { have } = this.#ledger;
    if (peer.capabilities.extensions) this.#sendExtensionHandshake(peer);
    if (peer.capabilities.fast && have.isFull) this.#outbox.send(peer.number, { kind: 'have_all' });
    else if (peer.capabilities.fast && have.count === 0) this.#outbox.send(peer.number, { kind: 'have_none' });
    else if (have.count > 0) this.#outbox.send(peer.number, { kind: 'bitfield', bits: have.bits.slice() });
  }

  /** Some clients send a bitfield again in place of many haves. @throws {ProtocolError} `bad_bitfield` */
  hasBitfield(peer: SwarmPeer, bits: Uint8Array): void {
    const { pieceCount } = this.#ledger.layout;
    if (!isValidBitfield(bits, pieceCount)) {
      throw new ProtocolError('bad_bitfield', `read a bitfield: ${bits.length} bytes do not fit ${pieceCount} pieces`);
    }
    this.#hasThese(peer, new Bitfield(pieceCount, bits));
  }

  hasAll(peer: SwarmPeer): void {
    this.#hasThese(peer, Bitfield.full(this.#ledger.layout.pieceCount));
  }

  /** @throws {ProtocolError} `bad_piece_index` */
  hasPiece(peer: SwarmPeer, piece: number): void {
    if (piece >= this.#ledger.layout.pieceCount) {
      throw new ProtocolError(
        'bad_piece_index',
        `read a have: found piece ${piece} of ${this.#ledger.layout.pieceCount}`,
      );
    }
    if (peer.pieces.has(piece)) return;
    this.#ledger.rarity.raise(piece);
    this.#take(peer, piece);
    this.#updateInterest(peer);
  }

  left(peer: SwarmPeer): void {
    if (peer.countedAsSeed) this.#seedCount -= 1;
    else for (const piece of peer.pieces.indexes()) this.#ledger.rarity.lower(piece);
  }

  /** Tells of a written piece those who lack it, and may lose interest in those who have it. */
  announce(piece: number, peers: Iterable<SwarmPeer>): void {
    for (const peer of peers) {
      if (!peer.pieces.has(piece)) this.#outbox.send(peer.number, { kind: 'have', piece });
      else if (this.#ledger.wanted.has(piece)) {
        peer.usefulPieces -= 1;
        this.#updateInterest(peer);
      }
    }
  }

  /** @throws {ProtocolError} `bad_extension`, `bad_metadata` */
  extended(peer: SwarmPeer, { extensionId, payload }: Extract<WireMessage, { kind: 'extended' }>): void {
    if (extensionId === EXTENSION_HANDSHAKE_ID) {
      const handshake = parseExtensionHandshake(payload);
      peer.extensionIds = handshake.messages;
      if (handshake.requestsMax !== undefined) peer.depth.requestsMax = handshake.requestsMax;
      if (handshake.listenPort !== undefined) peer.address ??= { host: peer.host, port: handshake.listenPort };
    } else if (extensionId === METADATA_ID) {
      const answer = answerMetadataRequest(payload, this.#self.infoBytes);
      const theirId = peer.extensionIds.get(METADATA_EXTENSION);
      if (answer && theirId !== undefined)
        this.#outbox.send(peer.number, { kind: 'extended', extensionId: theirId, payload: answer });
    }
  }

  #hasThese(peer: SwarmPeer, pieces: Bitfield): void {
    const isSeed = pieces.isFull && peer.pieces.count === 0;
    if (isSeed) {
      this.#seedCount += 1;
      peer.countedAsSeed = true;
    }
    for (const piece of pieces.indexes()) {
      if (peer.pieces.has(piece)) continue;
      if (!isSeed) this.#ledger.rarity.raise(piece);
      this.#take(peer, piece);
    }
    this.#updateInterest(peer);
  }

  #take(peer: SwarmPeer, piece: number): void {
    peer.pieces.add(piece);
    if (this.#ledger.wanted.has(piece) && !this.#ledger.have.has(piece)) peer.usefulPieces += 1;
  }

  #updateInterest(peer: SwarmPeer): void {
    const isInteresting = peer.usefulPieces > 0;
    if (isInteresting === peer.areWeInterested) return;
    peer.areWeInterested = isInteresting;
    this.#outbox.send(peer.number, { kind: isInteresting ? 'interested' : 'not_interested' });
  }

  #sendExtensionHandshake(peer: SwarmPeer): void {
    const { client, listenPort, infoBytes } = this.#self;
    const payload = encodeExtensionHandshake({
      messages: new Map(infoBytes ? [[METADATA_EXTENSION, METADATA_ID]] : []),
      client,
      listenPort,
      requestsMax: REQUESTS_QUEUED_MAX,
      metadataSizeBytes: infoBytes?.length,
    });
    this.#outbox.send(peer.number, { kind: 'extended', extensionId: EXTENSION_HANDSHAKE_ID, payload });
  }
}
