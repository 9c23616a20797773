import { hash, timingSafeEqual } from 'node:crypto';

import {
  encodeExtensionHandshake,
  encodeMetadataMessage,
  EXTENSION_HANDSHAKE_ID,
  METADATA_EXTENSION,
  METADATA_PIECE_BYTES,
  parseExtensionHandshake,
  parseMetadataMessage,
  ProtocolError,
  type WireMessage,
} from '@swarmpatch/peer-wire';

/** The longest info dictionary that is taken from peers. */
export const METADATA_BYTES_MAX: number = 64 * 1024 * 1024;
/** Pieces of metadata asked for and not here. */
const METADATA_REQUESTS_MAX = 16;
const OWN_METADATA_ID = 1;

/** What a magnet link names: the wanted info dictionary hashes to it. */
export interface MetadataIdentity {
  /** 20 bytes. */
  readonly infohashV1?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly infohashV2?: Uint8Array | undefined;
}

/** What a message led to. */
export interface MetadataStep {
  readonly send: readonly WireMessage[];
  /** The info dictionary, verified, once all of it is here. */
  readonly infoBytes?: Uint8Array;
}

/**
 * The info dictionary from one peer (BEP 9), without I/O. Memory grows with what comes and not with the size that the peer
 * claims.
 */
export class MetadataDownload {
  readonly #identity: MetadataIdentity;
  readonly #pieces: Uint8Array[] = [];
  #theirId: number | undefined;
  #totalBytes = 0;
  #asked = 0;

  constructor(identity: MetadataIdentity) {
    this.#identity = identity;
  }

  /** The first message to the peer, after the handshake. */
  greeting(): WireMessage {
    const payload = encodeExtensionHandshake({ messages: new Map([[METADATA_EXTENSION, OWN_METADATA_ID]]) });
    return { kind: 'extended', extensionId: EXTENSION_HANDSHAKE_ID, payload };
  }

  /** @throws {ProtocolError} `bad_extension`, `bad_metadata`: nothing is to be had from this peer. */
  receive(message: WireMessage): MetadataStep {
    if (message.kind !== 'extended') return { send: [] };
    if (message.extensionId === EXTENSION_HANDSHAKE_ID) this.#begin(message.payload);
    else if (message.extensionId === OWN_METADATA_ID && this.#theirId !== undefined) this.#take(message.payload);
    else return { send: [] };
    const infoBytes = this.#complete();
    return infoBytes ? { send: [], infoBytes } : { send: this.#ask() };
  }

  #begin(payload: Uint8Array): void {
    if (this.#theirId !== undefined) return;
    const { messages, metadataSizeBytes } = parseExtensionHandshake(payload);
    const id = messages.get(METADATA_EXTENSION);
    if (id === undefined || metadataSizeBytes === undefined) throw bad('the peer has no metadata to give');
    if (metadataSizeBytes > METADATA_BYTES_MAX) {
      throw bad(`the peer claims ${metadataSizeBytes} bytes of metadata, at most ${METADATA_BYTES_MAX} are taken`);
    }
    this.#theirId = id;
    this.#totalBytes = metadataSizeBytes;
  }

  #take(payload: Uint8Array): void {
    const message = parseMetadataMessage(payload);
    if (message?.type === 'reject') throw bad('the peer refuses to give metadata');
    if (message?.type !== 'data') return;
    const expectedBytes = Math.min(METADATA_PIECE_BYTES, this.#totalBytes - message.piece * METADATA_PIECE_BYTES);
    if (
      message.piece !== this.#pieces.length ||
      message.piece >= this.#asked ||
      message.bytes.length !== expectedBytes
    ) {
      throw bad(`piece ${message.piece} of ${message.bytes.length} bytes was not asked for`);
    }
    this.#pieces.push(message.bytes.slice());
  }

  #ask(): WireMessage[] {
    const send: WireMessage[] = [];
    const count = Math.ceil(this.#totalBytes / METADATA_PIECE_BYTES);
    for (; this.#asked < Math.min(count, this.#pieces.length + METADATA_REQUESTS_MAX); this.#asked += 1) {
      const payload = encodeMetadataMessage({ type: 'request', piece: this.#asked });
      send.push({ kind: 'extended', extensionId: this.#theirId ?? 0, payload });
    }
    return send;
  }

  #complete(): Uint8Array | undefined {
    if (this.#pieces.length * METADATA_PIECE_BYTES < this.#totalBytes) return undefined;
    const infoBytes = new Uint8Array(this.#totalBytes);
    for (const [piece, bytes] of this.#pieces.entries()) infoBytes.set(bytes, piece * METADATA_PIECE_BYTES);
    if (!this.#isWanted(infoBytes)) throw bad('what came does not match the infohash');
    return infoBytes;
  }

  #isWanted(infoBytes: Uint8Array): boolean {
    const { infohashV1, infohashV2 } = this.#identity;
    if (infohashV2 && !timingSafeEqual(hash('sha256', infoBytes, 'buffer'), infohashV2)) return false;
    if (infohashV1 && !timingSafeEqual(hash('sha1', infoBytes, 'buffer'), infohashV1)) return false;
    return infohashV1 !== undefined || infohashV2 !== undefined;
  }
}

function bad(found: string): ProtocolError {
  return new ProtocolError('bad_metadata', `fetch metadata: ${found}`);
}
