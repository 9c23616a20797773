import { HANDSHAKE_BYTES, type Handshake, parseHandshake, startsLikeHandshake } from './handshake.ts';
import { BITFIELD_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
import type { WireMessage } from './message.ts';
import { messageBytesMax, parseMessage } from './message-codec.ts';
import { ProtocolError } from './protocol-error.ts';

export type WireEvent = ({ readonly kind: 'handshake' } & Handshake) | WireMessage;

export interface PeerWireOptions {
  /** Bytes of the torrent's bitfield, when the torrent is known. */
  readonly bitfieldBytesMax?: number;
}

const LENGTH_PREFIX_BYTES = 4;
const GATHER_BYTES_MIN = 64;
/** Of the gathering buffer between messages: a block fits; what held a longer message is let go. */
const GATHER_KEPT_BYTES_MAX = 32 * 1024;

/**
 * Peer wire (BEP 3): bytes in, events out. A `ProtocolError` is final: the caller drops the connection.
 *
 * A message that lies whole in the given bytes is parsed where it lies; only one that is cut by their end is gathered, in a
 * buffer that grows with what has come and not with what is announced.
 */
export class PeerWire {
  #bitfieldBytesMax: number;
  #greeted = false;
  #gathered: Uint8Array = new Uint8Array(0);
  #gatheredBytes = 0;

  constructor(options: PeerWireOptions = {}) {
    this.#bitfieldBytesMax = options.bitfieldBytesMax ?? BITFIELD_BYTES_MAX;
  }

  /** Tightens the bound once the handshake has named the torrent. */
  expectBitfield(lengthBytes: number): void {
    this.#bitfieldBytesMax = lengthBytes;
  }

  /**
   * Keep-alives that follow each other in `bytes` are one event.
   *
   * Events view `bytes` (or the gathering buffer) and are good until the next is taken. All are to be taken: what is left
   * when the caller stops early is lost.
   *
   * @throws {ProtocolError} `bad_handshake`, `message_too_long`, `bad_message_length`
   */
  *receive(bytes: Uint8Array): Generator<WireEvent, void> {
    let at = 0;
    if (!this.#greeted) {
      at = this.#gather(bytes, 0, HANDSHAKE_BYTES);
      const start = this.#gathered.subarray(0, this.#gatheredBytes);
      if (start.length < HANDSHAKE_BYTES) {
        if (!startsLikeHandshake(start)) parseHandshake(start);
        return;
      }
      this.#greeted = true;
      this.#gatheredBytes = 0;
      yield { kind: 'handshake', ...parseHandshake(start) };
    }
    while (at < bytes.length) {
      if (this.#gatheredBytes > 0) {
        at = this.#gather(bytes, at, LENGTH_PREFIX_BYTES);
        let announced = this.#announcedBytes(this.#gathered, 0, this.#gatheredBytes);
        if (announced === undefined) {
          at = this.#gather(bytes, at, LENGTH_PREFIX_BYTES + 1);
          announced = this.#announcedBytes(this.#gathered, 0, this.#gatheredBytes);
          if (announced === undefined) continue;
        }
        at = this.#gather(bytes, at, announced);
        if (this.#gatheredBytes < announced) continue;
        this.#gatheredBytes = 0;
        yield parseMessage(this.#gathered.subarray(LENGTH_PREFIX_BYTES, announced));
        if (this.#gathered.length > GATHER_KEPT_BYTES_MAX) this.#gathered = new Uint8Array(0);
        continue;
      }
      const announced = this.#announcedBytes(bytes, at, bytes.length - at);
      if (announced === undefined || at + announced > bytes.length) {
        at = this.#gather(bytes, at, bytes.length - at);
        continue;
      }
      yield parseMessage(bytes.subarray(at + LENGTH_PREFIX_BYTES, at + announced));
      at += announced;
      // Four bytes of a flood are not worth an event each.
      if (announced === LENGTH_PREFIX_BYTES) while (isKeepAlive(bytes, at)) at += LENGTH_PREFIX_BYTES;
    }
  }

  /** Length of the message that starts at `at`, prefix included; undefined while too little of it is there to say. */
  #announcedBytes(bytes: Uint8Array, at: number, available: number): number | undefined {
    if (available < LENGTH_PREFIX_BYTES) return undefined;
    const lengthBytes =
      (bytes[at] ?? 0) * 0x1000000 +
      (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    if (lengthBytes === 0) return LENGTH_PREFIX_BYTES;
    const id = available > LENGTH_PREFIX_BYTES ? bytes[at + LENGTH_PREFIX_BYTES] : undefined;
    const lengthBytesMax =
      id === undefined
        ? Math.max(MESSAGE_BYTES_MAX, 1 + this.#bitfieldBytesMax)
        : messageBytesMax(id, this.#bitfieldBytesMax);
    if (lengthBytes > lengthBytesMax) {
      throw new ProtocolError(
        'message_too_long',
        `read message ${id ?? 'prefix'}: found ${lengthBytes} bytes announced, at most ${lengthBytesMax} are taken`,
      );
    }
    return id === undefined ? undefined : LENGTH_PREFIX_BYTES + lengthBytes;
  }

  /** Moves bytes into the gathering buffer until it holds `wantedBytes`; returns where it stopped. */
  #gather(bytes: Uint8Array, at: number, wantedBytes: number): number {
    const takenBytes = Math.min(wantedBytes - this.#gatheredBytes, bytes.length - at);
    if (takenBytes <= 0) return at;
    const heldBytes = this.#gatheredBytes + takenBytes;
    if (heldBytes > this.#gathered.length) {
      const grown = new Uint8Array(Math.max(GATHER_BYTES_MIN, 2 ** Math.ceil(Math.log2(heldBytes))));
      grown.set(this.#gathered.subarray(0, this.#gatheredBytes));
      this.#gathered = grown;
    }
    this.#gathered.set(bytes.subarray(at, at + takenBytes), this.#gatheredBytes);
    this.#gatheredBytes = heldBytes;
    return at + takenBytes;
  }
}

function isKeepAlive(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}
